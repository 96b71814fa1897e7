export const driftStyle = `
td.column{min-width:10em}
.verdict.unsure{border-left-color:var(--quiet)}
.unsure .badge{background:var(--code);color:var(--quiet)}
.pair{display:block;max-width:100%;border-bottom:1px solid var(--line)}
.pair .frozen,.key i.frozen{fill:var(--quiet);background:var(--quiet);opacity:.45}
.pair .live,.key i.live,.hours .live{fill:var(--bar);background:var(--bar)}
.hours .changed{fill:var(--bad)}
.hours line{stroke:var(--quiet);stroke-dasharray:3 3}
.key i{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 6px 0 14px}
.ends{max-width:100%;display:flex;justify-content:space-between;font-size:11px;color:var(--quiet)}
`;
