/** The report's whole style: screen from phone width up, dark where the reader's system is, and paper. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--tint:#f6f8fa;--link:#0550ae;--bad:#b42318;--good:#116329;--warn:#8a4b00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#373e47;--paper:#12161b;--tint:#1b2129;--link:#7fb7ff;--bad:#ff8f85;--good:#6fdd8b;--warn:#f0b357}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1.25rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0 1rem}
h2{font-size:1.3rem;line-height:1.3;margin:2.4rem 0 .7rem;padding-top:.7rem;border-top:2px solid var(--line)}
h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
p,ul{margin:.5rem 0}
ul{padding-left:1.2rem}
li{margin:.35rem 0}
a{color:var(--link)}
header dl{margin:0;display:grid;gap:.2rem}
header dl div{display:grid;grid-template-columns:9rem 1fr;gap:.5rem}
dt{color:var(--soft)}
dd{margin:0}
nav{margin:1.4rem 0;padding:.8rem 1rem;background:var(--tint);border:1px solid var(--line);border-radius:6px}
nav ul{margin:0;padding:0;list-style:none;columns:2;column-gap:2rem}
nav li{margin:.15rem 0}
.lead{font-size:1.08rem}
.note{color:var(--soft);font-size:.92rem}
code{font:.88em/1.4 ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,monospace}
p code,li code,td code{background:var(--tint);border-radius:3px;padding:.05em .25em}
.cite{display:inline-block;max-width:100%;font-size:.74rem;white-space:nowrap;text-decoration:none;border:1px solid var(--line);border-radius:3px;padding:0 .3em;line-height:1.5}
.cite:hover{text-decoration:underline}
.more{font-size:.74rem;color:var(--soft)}
.scroll{overflow-x:auto;margin:.7rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:var(--soft);padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600;background:var(--tint)}
td{min-width:6rem}
.records td{font-size:.8rem}
.id,.hash{font-size:.72rem;background:none!important;padding:0!important}
.hash{color:var(--soft)}
tr:target{background:#fff3bf;color:#1b1f24}
figure{margin:1rem 0}
.drawing{overflow-x:auto}
.drawing svg{max-width:100%;height:auto;background:#fff;border:1px solid var(--line);border-radius:6px}
figcaption{color:var(--soft);font-size:.85rem}
pre{margin:.2rem 0;padding:.7rem .9rem;background:var(--tint);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
.step{border:1px solid var(--line);border-left-width:5px;border-radius:6px;padding:.2rem 1rem .8rem;margin:.9rem 0}
.step h3{margin:.7rem 0 .3rem}
.state{display:inline-block;font-size:.72rem;font-weight:600;text-transform:uppercase;letter-spacing:.03em;border-radius:3px;padding:.05rem .45rem;margin-right:.3rem;border:1px solid currentColor}
.step.open{border-left-color:var(--bad)}.step.open .state{color:var(--bad)}
.step.done{border-left-color:var(--good)}.step.done .state,.step.nothing .state{color:var(--good)}
.step.unknown{border-left-color:var(--warn)}.step.unknown .state{color:var(--warn)}
@media(max-width:40rem){
main{padding:1rem .8rem 3rem}
h1{font-size:1.35rem}
nav ul{columns:1}
header dl div{grid-template-columns:1fr;gap:0}
.cards thead,.records thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.cards tr,.records tr{display:block;border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.3rem .2rem}
.cards td,.records td{display:block;border:0;padding:.2rem .5rem}
.cards td::before{content:attr(data-label);display:block;color:var(--soft);font-size:.75rem}
}
@media print{
:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--tint:#f4f4f4;--link:#000;--bad:#8c1d13;--good:#0b4d1d;--warn:#6b3a00}
@page{margin:16mm 14mm}
body{font-size:10pt}
main{max-width:none;padding:0}
nav{break-after:avoid}
h2,h3{break-after:avoid}
tr,.step,figure,li{break-inside:avoid}
thead{display:table-header-group}
.scroll,.drawing{overflow:visible}
a{text-decoration:none}
.step{break-inside:auto}
.records td,.records th{padding:.15rem .3rem;font-size:7.5pt}
.records .hash,.records .id{font-size:6pt}
table.wide{font-size:8pt}
td{min-width:0}
.cite{border:0;padding:0 .1em;color:#444}
nav{display:none}
}
`.replaceAll('\n', '');
