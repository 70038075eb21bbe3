import { createHash } from 'node:crypto';
import { html, type Markup } from './html.ts';

/** The one style sheet of all pages. Colours are chosen in pairs, so that text has a contrast of 4.5 at least in light and in dark. */
export const STYLE: Markup = html`
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#1a2230;--soft:#535d6c;--line:#d9dee6;--edge:#7a8494;--link:#1d4ed8;--button:#1d4ed8;--good:#0d6638;--bad:#b0231b;--warn:#855000;--calm:#535d6c;--tint:#eef2fb;--alarm:#fdf0ee}
@media (prefers-color-scheme:dark){:root{--page:#10141b;--card:#181e28;--ink:#e7ebf1;--soft:#a9b3c2;--line:#2f3846;--edge:#8390a3;--link:#a5bdff;--button:#3b60d8;--good:#74d5a4;--bad:#ff9d93;--warn:#efc070;--calm:#a9b3c2;--tint:#1d2636;--alarm:#2c1c1d}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);overflow-wrap:anywhere}
header,main,footer{max-width:50rem;margin:0 auto;padding:0 1rem}
header{padding-top:1rem;padding-bottom:.25rem;font-size:.875rem;color:var(--soft)}
header b{color:var(--ink);letter-spacing:.02em}
footer{padding-top:1rem;padding-bottom:2.5rem;font-size:.8125rem;color:var(--soft)}
h1{font-size:1.625rem;line-height:1.25;margin:.5rem 0 .75rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.125rem;line-height:1.3;margin:0 0 .75rem;font-weight:650}
h3{font-size:.9375rem;margin:1rem 0 .25rem;font-weight:650}
p,ul,ol,dl,blockquote{margin:0 0 .75rem}
section>:last-child,details>:last-child,blockquote>:last-child{margin-bottom:0}
ul,ol{padding-left:1.25rem}
a{color:var(--link);text-underline-offset:.15em}
code{font:.8125em/1.45 ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.lead{font-size:1.0625rem}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip:focus{position:static;width:auto;height:auto;clip-path:none;display:inline-block;padding:.5rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.625rem;padding:1.125rem 1.25rem;margin:0 0 1rem}
section.act{border:2px solid var(--button)}
section.alarm{background:var(--alarm);border-color:var(--bad)}
blockquote{border-left:3px solid var(--edge);padding:.125rem 0 .125rem .875rem;contain:paint}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.375rem 1rem}
dt{color:var(--soft)}
dd{margin:0;contain:paint}
.v{font-weight:600}
.v svg{width:1.125em;height:1.125em;vertical-align:-.2em;margin-right:.375rem}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:.625rem;overflow:hidden;margin:0 0 1rem;padding:0}
.strip>div{background:var(--card);padding:.625rem .875rem}
.strip dt{font-size:.8125rem}
.strip dd{font-weight:600;margin:0}
.pass,.better,.approved,.granted{color:var(--good)}
.fail,.undetermined,.worse,.rejected,.denied,.withdrawn{color:var(--bad)}
.waived,.unstated{color:var(--warn)}
.not_applicable,.other{color:var(--calm)}
table{width:100%;table-layout:fixed;border-collapse:collapse;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line);font-weight:400;contain:paint}
thead th{border-top:0;padding-top:0;color:var(--soft);font-size:.8125rem}
tbody th{font-weight:600}
.w1{width:12%}
.w2{width:22%}
.w3{width:28%}
td ul,td p,th p{margin:0;font-weight:400}
td ul{padding-left:1rem}
details{margin:.75rem 0 0}
summary{cursor:pointer;color:var(--link);padding:.25rem 0}
details>table{margin-top:.5rem}
form{margin:.75rem 0 0}
form+form,form+p.back{margin-top:.5rem}
label{display:block;font-weight:600;margin:0 0 .25rem}
input,textarea{font:inherit;color:inherit;background:var(--page);border:1px solid var(--edge);border-radius:.375rem;padding:.5rem .625rem;width:100%;max-width:100%}
input.code{width:11rem;font:1.375rem/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.15em}
textarea{min-height:6rem;resize:vertical}
.hint{font-size:.875rem;color:var(--soft);margin:.25rem 0 .75rem}
.error{color:var(--bad);font-weight:600;margin:0 0 .75rem}
.row{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:.75rem}
button,.button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.125rem;border-radius:.375rem;border:2px solid var(--button);background:var(--button);color:#fff;cursor:pointer}
.button{display:inline-block;text-decoration:none;line-height:1.5}
button.stop{background:#b0231b;border-color:#b0231b}
button.plain{background:none;color:var(--link);border-color:var(--edge)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
svg.icons{display:none}
.picture{width:100%;display:block;overflow:visible;margin:0 0 .5rem;font:12px/1 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.picture .b{fill:var(--page);stroke:var(--edge)}
.picture .b.m{fill:var(--tint);stroke:var(--link);stroke-width:2}
.picture line{stroke:var(--edge);stroke-width:1.5}
.picture .r{stroke:var(--bad);stroke-dasharray:5 4}
.picture text{fill:var(--ink)}
.picture .s{fill:var(--soft);font-size:11px}
.picture .t{font:11px ui-monospace,Menlo,Consolas,monospace;fill:var(--soft)}
.picture .lane{stroke:var(--line)}
.bar{fill:var(--calm)}
.now{fill:var(--button)}
.back{fill:var(--card);stroke:var(--warn);stroke-width:3}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0}
.legend svg{width:2rem;height:1rem;vertical-align:-.15em;margin-right:.375rem}
@media (max-width:40rem){
html{font-size:15px}
section{padding:1rem}
h1{font-size:1.375rem}
dl:not(.strip){display:block}
.strip{grid-template-columns:1fr 1fr}
dd{margin:0 0 .5rem}
table,tbody,tr,th,td{display:block}
thead{display:none}
tr{padding:.625rem 0;border-top:1px solid var(--line)}
tbody tr:first-child{border-top:0;padding-top:0}
th,td{border:0;padding:.125rem 0}
td[data-th]::before{content:attr(data-th)": ";color:var(--soft)}
button,.button{width:100%;text-align:center}
}
@media print{
:root{color-scheme:light}
body{background:#fff}
section{break-inside:avoid;border-color:#999}
form,.skip,p.back{display:none}
details::details-content{content-visibility:visible;block-size:auto}
}
`;

/** Source expression by which the content security policy lets the sheet in, and nothing else. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE.toString()).digest('base64')}'`;
