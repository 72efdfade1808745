/** What marks and tones mean. */
import { LEGEND } from '../../publish/glyphs.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import type { Tone } from './mark.ts';

const TONES: readonly (readonly [tone: Tone, glyph: string, meaning: string])[] = [
  ['open', '●', 'let through as declared'],
  ['shut', '✗', 'refused as declared'],
  ['exposed', '○1', 'exposed: declared closed, and answered'],
  ['blocked', '✗2', 'blocked: declared open, and refused'],
  ['downgraded', '○3', 'downgraded: answered, but not over mutual TLS as declared'],
  ['misplaced', '✗4', 'misplaced: refused, but by another layer than declared'],
  ['unknown', '?', 'not known: not measured, stale, or proves nothing'],
];

/** @param isLive Shows what goes on, and not only what was. */
export function legend(isLive: boolean): Markup {
  const passing = markup`<li><span class="tile blocked held" aria-hidden="true">✗</span> dashed: held back, because it says nothing about policy at the moment</li>
<li><span class="tile shut doubt" aria-hidden="true">○</span> dotted: the latest attempt looks different, which is being confirmed</li>
`;
  return markup`<section id="legend" aria-labelledby="legend-title">
<h2 id="legend-title">Legend</h2>
<ul class="legend">${TONES.map(([tone, glyph, meaning]) => markup`<li><span class="tile ${tone}" aria-hidden="true">${glyph}</span> ${meaning}</li>`)}
<li><span class="tile open conflict" aria-hidden="true">●5</span> underlined: part of a conflict of declared objects</li>
${isLive ? passing : null}</ul>
<p class="quiet">A number points at the finding. ${LEGEND.map(([glyph, meaning]) => `${glyph} ${meaning}`).join(' · ')}</p>
</section>
`;
}
