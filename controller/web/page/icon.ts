/** The icon of the page: a small matrix with one open door. */
export const ICON_SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#1f4d8f"/>
<g fill="#fff"><circle cx="4" cy="4" r="1.6"/><circle cx="8" cy="4" r="1.6"/><circle cx="12" cy="4" r="1.6"/>
<circle cx="4" cy="8" r="1.6"/><circle cx="12" cy="8" r="1.6"/>
<circle cx="4" cy="12" r="1.6"/><circle cx="8" cy="12" r="1.6"/><circle cx="12" cy="12" r="1.6"/></g>
<circle cx="8" cy="8" r="1.7" fill="none" stroke="#ffb3b8" stroke-width="1"/>
</svg>
`;
