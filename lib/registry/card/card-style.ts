/** What the card's page has beyond a report's. Looks of lines differ by dashes too: not everybody sees colours. */
export const cardStyle = `
:root{--look-0:light-dark(#1f6f50,#7fd3a6);--look-1:light-dark(#b0531c,#f0a56b);--look-2:light-dark(#3a5fa8,#93b4f2);
--look-3:light-dark(#8a3c86,#dd9bd8);--look-4:light-dark(#6b6a12,#cfcb62);--look-5:light-dark(#4b5563,#b3bdc9)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:26px 22px;margin-top:6px}
figure{margin:0;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{margin-bottom:8px}
figcaption b{display:block}
figcaption span{font-size:13px}
.plot{display:block;max-width:100%;height:auto}
.plot text{font:11.5px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
.plot .label{fill:var(--quiet)}
.plot .grid{stroke:var(--line)}
.plot .diagonal{stroke:var(--quiet);stroke-dasharray:2 4}
.plot .cell{fill:var(--bar)}
.plot .count{font-variant-numeric:tabular-nums}
.plot .dot{fill:var(--look-0);stroke:var(--card)}
.plot .point{fill:var(--look-0);fill-opacity:.5}
.plot .whisker{stroke:var(--look-0);stroke-width:2.5;stroke-opacity:.55}
.line{fill:none;stroke-width:2}
.look-0{stroke:var(--look-0)}
.look-1{stroke:var(--look-1);stroke-dasharray:7 3}
.look-2{stroke:var(--look-2);stroke-dasharray:2 3}
.look-3{stroke:var(--look-3);stroke-dasharray:9 3 2 3}
.look-4{stroke:var(--look-4);stroke-dasharray:4 4}
.look-5{stroke:var(--look-5);stroke-dasharray:12 4}
ul.key{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;padding:0;list-style:none;font-size:13px}
ul.key svg{margin-right:7px;vertical-align:middle}
ul.key li{overflow-wrap:anywhere}
.empty{color:var(--quiet);font-style:italic}
.tile small{display:block;color:var(--quiet);font-size:12px;font-variant-numeric:tabular-nums}
h3{margin:18px 0 8px;font-size:15px}
p{max-width:75ch}
section>p:last-child{margin-bottom:0}
summary{margin-top:8px;color:var(--quiet);cursor:pointer}
`;
