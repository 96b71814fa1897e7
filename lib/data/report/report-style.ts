/** The report's one style sheet: it needs nothing from the network and follows the reader's light or dark setting. */
export const reportStyle = `
:root{color-scheme:light dark;
--page:light-dark(#f6f7f4,#14171a);--card:light-dark(#fff,#1d2226);--ink:light-dark(#1c2420,#e6ebe7);
--quiet:light-dark(#5d6963,#9aa8a1);--line:light-dark(#e0e5e0,#30373b);--bar:light-dark(#5b9a7c,#6fb592);
--good:light-dark(#1d6b45,#7fd3a6);--good-soft:light-dark(#e2f2e8,#17352a);
--bad:light-dark(#a32d22,#f39a8e);--bad-soft:light-dark(#fbe7e4,#402320);--code:light-dark(#eef1ee,#272e32)}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1060px;margin:0 auto;padding:36px 24px 64px}
h1{margin:6px 0 0;font-size:27px;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:0 0 12px;font-size:17px}
section{margin-top:20px;padding:20px 22px;background:var(--card);border:1px solid var(--line);border-radius:12px}
.verdict{border-left:6px solid var(--good)}
.verdict.rejected{border-left-color:var(--bad)}
.badge{display:inline-block;padding:2px 11px;border-radius:99px;font-weight:600;font-size:13px;background:var(--good-soft);color:var(--good)}
.rejected .badge{background:var(--bad-soft);color:var(--bad)}
.verdict ul{margin:12px 0 0;padding-left:20px}
.verdict p{margin:14px 0 0;max-width:75ch}
.quiet{color:var(--quiet)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-top:20px}
.tile{padding:13px 16px;background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile b{display:block;font-size:23px;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--quiet);font-size:13px}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th{padding:0 22px 8px 0;text-align:left;font-size:13px;font-weight:600;color:var(--quiet);white-space:nowrap}
td{padding:9px 22px 9px 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td.number,th.number{text-align:right;white-space:nowrap}
td.column{font-weight:600}
td small{display:block;font-weight:400;color:var(--quiet)}
.warn{color:var(--bad);font-weight:600}
code{padding:1px 5px;border-radius:5px;background:var(--code);font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
.histogram{display:block;fill:var(--bar);border-bottom:1px solid var(--line)}
.scale{display:flex;justify-content:space-between;width:168px;font-size:11px;color:var(--quiet)}
.bars{display:grid;grid-template-columns:minmax(60px,130px) minmax(60px,150px) auto;gap:3px 10px;align-items:center;justify-content:start;font-size:13px}
.bars .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track{height:9px;border-radius:3px;background:var(--code)}
.track i{display:block;height:100%;border-radius:3px;background:var(--bar)}
.number{font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 20px;margin:0}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:560px){main{padding:20px 14px 40px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
@media print{body{background:none}section,.tile{break-inside:avoid}}
`;

/** What only the page of a dataset has. */
export const datasetStyle = `
.missing{fill:var(--bad);font:12px/1 system-ui,sans-serif}
.missing text{fill:var(--ink)}
td.column{min-width:96px}
td small{overflow-wrap:normal}
details{margin-top:10px}
summary{cursor:pointer}
.before .histogram{fill:var(--quiet)}
.before .track i{background:var(--quiet)}
.cells{columns:3;font-size:13px}
h2:not(:first-child){margin-top:22px}
`;
