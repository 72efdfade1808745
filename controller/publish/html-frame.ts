/** What stands around an HTML file that has everything in itself: nothing is loaded, and no script runs but its own. */
import { createHash } from 'node:crypto';
import { VERSION } from '../../proto/version.ts';
import { ICON_SVG } from '../web/page/icon.ts';
import { markup } from '../web/page/markup.ts';
import type { Markup } from '../web/page/markup.ts';
import { MOVING_SCRIPT } from '../web/page/moving-script.ts';
import { PAGE_STYLE } from '../web/page/style.ts';

/** Evidence lies over the page as long as the address names it, with or without script. */
const FILE_STYLE = `
.sheet { display: none; position: fixed; inset: 4vh .75rem auto; z-index: 20; margin: 0 auto; max-width: 58rem; max-height: 92vh; padding: 1rem 1.3rem 1.4rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); overflow: auto; box-shadow: 0 0 0 100vmax rgb(0 0 0 / .5); }
.sheet:target { display: block; }
.sheet .close { position: sticky; top: 0; float: right; margin: 0 0 .5rem 1rem; }
header.top { overflow-wrap: anywhere; }
a.button { color: var(--text); text-decoration: none; }
td a:target { outline: 3px solid var(--ring); position: relative; z-index: 1; }
.facts .wide { flex: 1 0 100%; min-width: 0; }
.facts .code { overflow-wrap: anywhere; }
.changes { list-style: none; padding: 0; margin: .5rem 0; max-width: 66rem; }
.changes > li { margin: .8rem 0; }
.changes p, .changes ul { overflow-wrap: anywhere; }
.changes ul { padding-left: 1.2rem; }
@media print { .sheet:target { display: none; } .scroll { overflow: visible; max-height: none; } }
`;

const SCRIPT = `'use strict';
(() => {
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') document.querySelector('.sheet:target .close')?.click();
  });

${MOVING_SCRIPT}})();
`;

const ICON = `data:image/svg+xml;base64,${Buffer.from(ICON_SVG).toString('base64')}`;
const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');

/** Should a name out of a target ever become markup, it can neither run nor fetch anything. */
const POLICY = `default-src 'none'; script-src 'sha256-${SCRIPT_HASH}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;

/** Up to and with the begin of the body. */
export function fileStart(title: string): string {
  const [style, script]: readonly Markup[] = [{ html: `${PAGE_STYLE}${FILE_STYLE}` }, { html: SCRIPT }];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Meshproof ${VERSION}">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${style ?? null}</style>
<script type="module">${script ?? null}</script>
</head>
<body>
`.html;
}

export const FILE_END = '</body>\n</html>\n';
