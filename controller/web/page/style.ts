/** How the page looks: light and dark by the reader's choice, at any width, and the same without colours. */
import { MATRIX_STYLE } from './style-matrix.ts';

/** Every pair of text and ground has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3); a test measures them. */
const COLOURS = `
:root {
  color-scheme: light dark;
  --ground: #fbfbfa; --raised: #ffffff; --text: #1c2126; --quiet: #59626c; --line: #d5dade; --link: #0b57a4;
  --open: #dff2e4; --open-text: #14532d; --shut: #e9ecef; --shut-text: #4a535c;
  --exposed: #a80f2b; --exposed-text: #ffffff; --blocked: #ffd9d6; --blocked-text: #7d0a1d;
  --downgraded: #ffe0b8; --downgraded-text: #713200; --misplaced: #fdf0bd; --misplaced-text: #5e4600;
  --unknown: #e3e5e8; --unknown-text: #525b64; --stripe: #d9dce0; --conflict: #b45309; --ring: #0b57a4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101418; --raised: #181d23; --text: #e6eaee; --quiet: #a0aab4; --line: #343c45; --link: #7db7ff;
    --open: #14361f; --open-text: #8fe3a8; --shut: #262c33; --shut-text: #b4bdc6;
    --exposed: #c5163a; --exposed-text: #ffffff; --blocked: #551822; --blocked-text: #ffbfc4;
    --downgraded: #4d2d08; --downgraded-text: #ffcb8a; --misplaced: #403608; --misplaced-text: #f3da7c;
    --unknown: #2a3037; --unknown-text: #b0b9c2; --stripe: #323941; --conflict: #f0a04b; --ring: #7db7ff;
  }
}
`;

const FRAME = `
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 1px; border-radius: 3px; }
h1, h2, h3, h4, p, ul, ol, dl, dd { margin: 0; }
h2 { font-size: 1.2rem; line-height: 1.3; }
h3 { font-size: 1rem; margin-top: 1.1rem; }
h4 { font-size: .9rem; margin-top: .6rem; }
code, pre, .code { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .875em; }
pre { overflow-x: auto; padding: .5rem .7rem; background: var(--shut); color: var(--text); border-radius: 4px; }
time { font-variant-numeric: tabular-nums; white-space: nowrap; }
.quiet, .plane { color: var(--quiet); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none; }

.skip { position: absolute; left: 0; top: 0; z-index: 9; }
.skip a { position: absolute; left: -999rem; white-space: nowrap; padding: .5rem 1rem; background: var(--raised); }
.skip a:focus { left: .5rem; top: .5rem; }

header.top, main, footer, .gone, .troubles { padding: 0 clamp(.75rem, 2.5vw, 2.5rem); }
header.top { padding-top: .8rem; padding-bottom: .9rem; border-bottom: 1px solid var(--line); background: var(--raised); }
.brand { color: inherit; text-decoration: none; font-size: .95rem; font-weight: 700; letter-spacing: .01em; }
header.top h1 { line-height: 1.2; }
.verdict { margin: .45rem 0 .7rem; font-size: 1.1rem; line-height: 1.4; }
.verdict strong { display: inline-block; padding: .1rem .6rem; margin-right: .35rem; border-radius: 4px; letter-spacing: .03em; }
.verdict.pass strong { background: var(--open); color: var(--open-text); }
.verdict.fail strong { background: var(--exposed); color: var(--exposed-text); }
.verdict.inconclusive strong { background: var(--unknown); color: var(--unknown-text); }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; }
.facts div { min-width: 8rem; }
.facts dt { color: var(--quiet); font-size: .8rem; line-height: 1.3; }
.facts dd { line-height: 1.4; }

.gone { background: var(--exposed); color: var(--exposed-text); padding-top: .6rem; padding-bottom: .6rem; font-weight: 600; }
.gone[hidden] { display: none; }
.troubles ul { margin: .8rem 0 0; padding: .6rem .9rem .6rem 2rem; border-left: 4px solid var(--conflict); background: var(--misplaced); color: var(--misplaced-text); border-radius: 0 4px 4px 0; }
.troubles .quiet { color: inherit; }

main { padding-top: .4rem; padding-bottom: 1rem; }
main.plain { max-width: 64rem; padding-top: 1.2rem; }
section { margin-top: 1.5rem; min-width: 0; }
.board { display: grid; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 80rem) {
  .board { grid-template: 'tables drift' auto 'tables rest' 1fr 'legend legend' auto / minmax(0, 1fr) minmax(24rem, 34rem); column-gap: 2.5rem; }
  #drift { grid-area: drift; }
  .tables { grid-area: tables; }
  .rest { grid-area: rest; }
  #legend { grid-area: legend; }
}
section > .quiet { max-width: 60rem; }
p.none { color: var(--quiet); margin-top: .4rem; }
footer { padding-top: .9rem; padding-bottom: 1.5rem; border-top: 1px solid var(--line); }
footer p { margin-bottom: .4rem; }

.patterns { list-style: none; padding: 0; margin: .6rem 0; max-width: 60rem; }
.patterns li { padding: .45rem .8rem; margin-bottom: .35rem; border-left: 4px solid var(--exposed); background: var(--raised); font-weight: 600; }
.findings { padding: 0 0 0 2.1rem; margin: .6rem 0; max-width: 66rem; }
.findings > li { margin: .8rem 0; padding-left: .2rem; }
.findings li p + p { margin-top: .15rem; }
.findings > li::marker { font-weight: 700; font-variant-numeric: tabular-nums; }
.findings p, .findings summary { overflow-wrap: anywhere; }
.findings b, article b { font-weight: 600; }
details summary { cursor: pointer; }
.findings summary, #unknown-list summary { color: var(--quiet); }
.findings details ul { padding-left: 1.2rem; }
.more > summary { color: var(--link); }
.tag { display: inline-block; padding: 0 .4rem; border-radius: 3px; font-size: .85em; font-weight: 600; line-height: 1.5; background: var(--shut); color: var(--shut-text); }
.tag.exposed, .tag.critical { background: var(--exposed); color: var(--exposed-text); }
.tag.blocked, .tag.error { background: var(--blocked); color: var(--blocked-text); }
.tag.downgraded { background: var(--downgraded); color: var(--downgraded-text); }
.tag.misplaced, .tag.warning { background: var(--misplaced); color: var(--misplaced-text); }
.tag.open, .tag.agrees, .tag.opened { background: var(--open); color: var(--open-text); }
.tag.unknown { background: var(--unknown); color: var(--unknown-text); }
.history { list-style: none; padding: 0; margin: .5rem 0; max-width: 76rem; }
.history li { padding: .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.history time { color: var(--quiet); margin-right: .4rem; }

.button, .sign-in input { font: inherit; padding: .35rem .9rem; border: 1px solid var(--quiet); border-radius: 5px; background: var(--raised); color: var(--text); }
.button { cursor: pointer; }
.sign-in { display: grid; gap: .5rem; max-width: 30rem; margin: 1rem 0; justify-items: start; }
.sign-in input { width: 100%; }
.plain h1 { font-size: 1.4rem; }
.plain p { margin: .5rem 0; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; }

dialog { width: min(58rem, 100vw - 1.5rem); max-height: min(90vh, 60rem); padding: 1rem 1.3rem 1.4rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); color: var(--text); overflow: auto; }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog form { position: sticky; top: 0; float: right; }
article { overflow-wrap: anywhere; }
article p, article ol, article ul { margin: .35rem 0; }
article ol, article ul { padding-left: 1.5rem; }
.trail .decides { font-weight: 600; }
.trail .quiet b { font-weight: 400; }
article .history, article .attempts { max-height: 22rem; overflow-y: auto; }
@media (forced-colors: active) { .tag, .verdict strong { border: 1px solid; } }
@media print { .skip, dialog, footer { display: none; } }
`;

export const PAGE_STYLE = `${COLOURS}${FRAME}${MATRIX_STYLE}`;
