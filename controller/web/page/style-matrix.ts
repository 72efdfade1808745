/** How the tables look. */

/** Tiles are at least 24 pixels each way (WCAG 2.2, 2.5.8). */
export const MATRIX_STYLE = `
.scroll { overflow: auto; max-height: 85vh; margin-top: .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); width: fit-content; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; line-height: 1.35; }
caption { text-align: left; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th { font-weight: 500; text-align: left; }
thead th, thead td { position: sticky; top: 0; z-index: 2; background: var(--raised); }
tbody th { position: sticky; left: 0; z-index: 1; background: var(--raised); border-right: 1px solid var(--line); padding: .1rem .7rem; white-space: nowrap; }
thead td:first-child { left: 0; z-index: 3; border-right: 1px solid var(--line); }
.plane { font-size: .85em; font-weight: 400; }

.matrix { --step: 2rem; }
.matrix thead th { vertical-align: bottom; padding: .4rem 0; border-bottom: 1px solid var(--line); }
.matrix thead th.first { border-left: 1px solid var(--line); }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 13rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto; display: block; width: 1.2rem; line-height: 1.2rem; }
thead td { vertical-align: bottom; padding: .4rem .7rem; color: var(--quiet); }
.matrix thead td { border-bottom: 1px solid var(--line); }
.matrix tbody + tbody tr:first-child > * { border-top: 1px solid var(--line); }
.matrix td { padding: 1px; text-align: center; min-width: var(--step); }
.matrix tbody tr:hover > th, .ports tbody tr:hover > th { background: var(--shut); }
.matrix.overview td { min-width: 2.6rem; }

td a, .tile { display: inline-flex; align-items: center; justify-content: center; min-width: 1.85rem; height: 1.75rem; padding: 0 .2rem; border-radius: 3px; text-decoration: none; font-variant-numeric: tabular-nums; scroll-margin: 18rem 2rem 2rem 16rem; outline: 0 solid var(--ring); }
.matrix td > :only-child { display: flex; }
td a:hover { box-shadow: 0 0 0 2px var(--ring); }
td a:focus-visible { outline: 3px solid var(--ring); outline-offset: 0; position: relative; z-index: 1; }
td.none { color: var(--quiet); text-align: center; }
.open { background: var(--open); color: var(--open-text); }
.shut { background: var(--shut); color: var(--shut-text); }
.exposed { background: var(--exposed); color: var(--exposed-text); font-weight: 700; }
.blocked { background: var(--blocked); color: var(--blocked-text); font-weight: 700; }
.downgraded { background: var(--downgraded); color: var(--downgraded-text); font-weight: 700; }
.misplaced { background: var(--misplaced); color: var(--misplaced-text); font-weight: 700; }
td .unknown, .tile.unknown { background: repeating-linear-gradient(135deg, var(--unknown) 0 4px, var(--stripe) 4px 8px) var(--unknown); color: var(--unknown-text); }
td .conflict, .tile.conflict { box-shadow: inset 0 -3px 0 var(--conflict); }
td .doubt, .tile.doubt { border: 2px dotted currentColor; }
td .held, .tile.held { border: 2px dashed currentColor; font-weight: 400; }

.ports th, .ports td { padding: .2rem .7rem; white-space: nowrap; }
.ports thead th { border-bottom: 1px solid var(--line); vertical-align: bottom; padding-top: .4rem; font-weight: 600; }
.ports thead th:first-child { left: 0; z-index: 3; border-right: 1px solid var(--line); }
.ports td.marks { padding: 1px .5rem; }
.ports td a + a { margin-left: 2px; }
.ports tbody tr:nth-child(even) > td { background: color-mix(in srgb, var(--shut) 35%, transparent); }

.block { margin-top: .4rem; }
.block > summary { padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); }
.legend { list-style: none; padding: 0; margin: .5rem 0; display: grid; gap: .3rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.legend li { display: flex; gap: .5rem; align-items: baseline; }
.legend .tile { flex: none; }

/* What nobody speaks for any more has no colour. */
.grey td a, .lost td a, .grey .tag, .lost .tag, .grey .verdict strong, .lost .verdict strong, .lost .patterns li { background: var(--unknown); color: var(--unknown-text); box-shadow: none; border-color: var(--stripe); }

@media (max-width: 40rem) {
  body { font-size: 14px; }
  .facts { gap: .35rem 1.2rem; }
  .facts div { min-width: 0; flex: 1 1 9rem; }
  tbody th { white-space: normal; overflow-wrap: break-word; min-width: 7.5rem; max-width: 9.5rem; padding: .1rem .4rem; }
  .ports th, .ports td { padding: .2rem .4rem; }
  td a { scroll-margin-left: 10rem; }
}
@media (forced-colors: active) { td a { border: 1px solid; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
