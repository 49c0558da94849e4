/** The page's style sheet: light and dark, wide and narrow, on a screen and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1b2430; --quiet: #56606d; --line: #d9dee5; --ground: #f3f5f8; --card: #fff; --code: #f3f5f8; --link: #0b57a4;
  --bad: #b3261e; --bad-ground: #fdecea; --warn: #855300; --warn-ground: #fff3d9; --good: #18653a; --good-ground: #e3f4e9;
  --migration: #c9d1db; --statement: #3f5873; --wait: #2f6fb2; --open: rgb(150 110 200 / 22%);
  --lock-0: #b9d3ea; --lock-1: #9cc2e2; --lock-2: #79aad6; --lock-3: #4f8dc4;
  --lock-4: #f0b64a; --lock-5: #e59a1f; --lock-6: #cc7a00; --lock-7: #b3261e;
  --pass: #17603a; --fail: #9f1f18;
  --mono: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6eaf0; --quiet: #a3aebb; --line: #36404d; --ground: #12171e; --card: #1b222b; --code: #12171e; --link: #82b8f2;
  --bad: #ff8a80; --bad-ground: #43201f; --warn: #f5c26b; --warn-ground: #3c2f14; --good: #7fd6a2; --good-ground: #163526;
  --migration: #445263; --statement: #a7bdd6; --wait: #6fb0f0; --open: rgb(180 140 235 / 26%);
  --lock-0: #2f4c68; --lock-1: #3a6186; --lock-2: #4a7cab; --lock-3: #6aa2d6;
  --lock-4: #a9781f; --lock-5: #cb9127; --lock-6: #eeb043; --lock-7: #f0655a;
  --pass: #14532f; --fail: #861c16;
} }
*, *::before, *::after { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.verdict, main, footer { padding-inline: max(1.25rem, calc((100% - 72rem) / 2)); }
.verdict, li, p { overflow-wrap: anywhere; }
.verdict { color: #fff; padding-block: 1.6rem 1.8rem; }
.verdict.pass { background: var(--pass); }
.verdict.fail { background: var(--fail); }
.verdict h1 { margin: .15rem 0 .4rem; font-size: clamp(1.5rem, 4.5vw, 2.2rem); line-height: 1.15; text-wrap: balance; }
.verdict p { margin: 0; max-width: 60rem; text-wrap: pretty; }
.verdict .lead { font-size: 1.15rem; font-weight: 600; margin-bottom: .5rem; }
.eyebrow { font-weight: 600; }
main { padding-block: 1.25rem 2rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 1.1rem 0; font-size: .95rem; }
a { color: var(--link); text-underline-offset: 2px; }
:focus-visible { outline: 3px solid #e59a1f; outline-offset: 2px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.2rem 1.4rem; margin-block: 1.1rem; scroll-margin-top: 1rem; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 0 0 .2rem; }
h3 { font-size: 1.05rem; line-height: 1.35; margin: 1.5rem 0 .4rem; overflow-wrap: anywhere; }
.explanation { color: var(--quiet); margin: 0 0 1rem; max-width: 62rem; }
.facts, .tiles { display: grid; gap: 1px; margin: 0; background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.facts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.tiles { grid-template-columns: repeat(5, 1fr); margin-bottom: 1.1rem; }
.facts > div, .tiles > div { background: var(--card); padding: .75rem 1rem; min-width: 0; }
dt { color: var(--quiet); font-size: .875rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.tiles dd strong { display: block; font-size: 1.35rem; line-height: 1.25; }
.tiles dd { font-size: .875rem; color: var(--quiet); }
.tiles dd strong { color: var(--ink); }
.tiles .bad dd strong { color: var(--bad); }
.tiles .good dd strong { color: var(--good); }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: 4px; font-size: .85rem; font-weight: 650; white-space: nowrap; background: var(--code); color: var(--quiet); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.warn { background: var(--warn-ground); color: var(--warn); }
.badge.good { background: var(--good-ground); color: var(--good); }
.finding { border: 1px solid var(--line); border-left: 5px solid var(--link); border-radius: 6px; padding: .9rem 1.1rem; margin-block: .9rem; break-inside: avoid; }
.finding.blocking { border-left-color: var(--bad); }
.finding.warning { border-left-color: var(--warn); }
.finding h3 { margin: 0 0 .6rem; }
.finding h3 .badge { margin-right: .4rem; }
.finding dl { display: grid; grid-template-columns: 7.5rem 1fr; gap: .35rem 1rem; margin: 0; }
.finding dt { font-size: .95rem; }
.finding .id { color: var(--quiet); font: .85rem var(--mono); margin: .6rem 0 0; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--code); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; font: .84rem/1.5 var(--mono); }
code { font-family: var(--mono); font-size: .9em; overflow-wrap: anywhere; }
pre code { font-size: 1em; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--link); overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.wrong { color: var(--bad); }
.good-mark { color: var(--good); }
ul { margin: .3rem 0; padding-left: 1.2rem; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); vertical-align: bottom; border-bottom: 2px solid var(--line); padding: .35rem .6rem .35rem 0; }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .45rem .6rem .45rem 0; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
th.number + th:not(.number), td.number + td:not(.number) { padding-left: 1rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
td pre { margin: 0; }
@media (min-width: 60.01rem) {
  #statements table { table-layout: fixed; }
  #statements th:nth-child(1) { width: 2.8rem; } #statements th:nth-child(3), #statements th:nth-child(4) { width: 5.2rem; }
  #statements th:nth-child(5) { width: 10rem; } #statements th:nth-child(6), #statements th:nth-child(7) { width: 5.2rem; }
  #statements th:nth-child(8) { width: 11.5rem; }
}
td code, .steps td:nth-child(2) { overflow-wrap: anywhere; }
.plot { margin: .3rem 0 0; }
.plot svg { display: block; width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
.legend { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: .15rem 1.5rem; list-style: none; margin: .6rem 0; padding: 0; font-size: .9rem; }
.legend.short { display: flex; flex-wrap: wrap; }
.legend li { display: flex; gap: .6rem; align-items: center; }
.swatch { flex: none; width: 1.6rem; display: inline-block; border-radius: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
footer { color: var(--quiet); font-size: .875rem; padding-block: 0 2rem; overflow-wrap: anywhere; }
@media (max-width: 60rem) { .tiles { grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); } }
@media (max-width: 46rem) {
  section { padding: 1rem; }
  .wide { display: none; }
  .narrow { display: block; }
  .finding dl { grid-template-columns: 1fr; gap: 0; }
  .finding dd { margin-bottom: .5rem; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles > div:first-child { grid-column: 1 / -1; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { border: 1px solid var(--line); border-radius: 6px; padding: .3rem .8rem; margin-block: .6rem; }
  td, td.number { border-bottom: 1px solid var(--line); padding: .35rem 0; text-align: left; white-space: normal; }
  td:last-child, td.number:last-child { border-bottom: 0; }
  td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .82rem; }
  td.number { display: flex; justify-content: space-between; gap: 1rem; }
  td.number::before { font-size: .875rem; }
  td.number + td:not(.number) { padding-left: 0; }
  td:empty { display: none; }
}
@media print {
  :root { color-scheme: light; }
  body { background: #fff; font-size: 11px; }
  .verdict, main, footer { padding-inline: 0; }
  .verdict { padding: 1rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .badge, .plot { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; }
  section { border: 0; padding: 0; margin-block: 1.5rem; }
  h2, h3, .explanation { break-after: avoid; }
  tr, .plot { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;

/** Comfort alone: on paper nothing is folded. */
export const SCRIPT = `
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) { part.open = true; part.dataset.folded = ""; }
});
addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("details[data-folded]")) { part.open = false; delete part.dataset.folded; }
});
`;
