/** What stands around the main part of every page. */
import { ICON, SCRIPT, STYLE } from './assets.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';

/** For a page that follows what comes after it. */
export interface Live {
  /** Of what it shows. */
  readonly tag: string;
  /** What it shows is out of date. */
  readonly isGrey: boolean;
}

/** Up to and with the begin of the main part, for pages that are written in pieces. */
export function frameStart(title: string, live?: Live): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${ICON.path}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE.path}">
${live === undefined ? null : markup`<script src="${SCRIPT.path}" defer></script>`}
</head>
<body${live === undefined ? null : markup` data-tag="${live.tag}" class="${live.isGrey ? 'grey' : ''}"`}>
`.html;
}

export const FRAME_END = '</body>\n</html>\n';

export function frame({ title, main }: { readonly title: string; readonly main: Markup }): string {
  const body = markup`<header class="top"><a class="brand" href="/">Meshproof</a></header>
<main class="plain">${main}</main>
`;
  return `${frameStart(`${title} · Meshproof`)}${body.html}${FRAME_END}`;
}
