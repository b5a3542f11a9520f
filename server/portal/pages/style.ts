import { createHash } from 'node:crypto'

/** The one stylesheet of the portal. A string and not a file, so that the packed server needs no copied assets. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --paper: #f6f5f2; --card: #ffffff; --ink: #1d2330; --soft: #545b69; --line: #d8d6cf;
  --accent: #1f4e79; --accent-ink: #ffffff; --bad: #a3211b; --bad-paper: #fdecea; --focus: #b35c00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171d; --card: #1d222b; --ink: #eceef2; --soft: #adb4c0; --line: #373e4b;
    --accent: #8cbcf0; --accent-ink: #0c1622; --bad: #ffb4ab; --bad-paper: #3b1715; --focus: #ffb45c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); min-height: 100vh; display: flex; flex-direction: column;
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.top, .foot, main { width: 100%; max-width: 46rem; margin: 0 auto; padding: 1rem clamp(1rem, 4vw, 2rem); }
.top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding-top: 1.5rem; }
.brand { font-weight: 650; display: flex; align-items: center; gap: .6rem; }
.brand::before { content: ""; width: .8rem; height: .8rem; border-radius: 50% 50% 50% 0; background: var(--accent); transform: rotate(45deg); }
main { flex: 1; }
.foot { color: var(--soft); font-size: .875rem; padding-bottom: 2rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.1rem, 4vw, 2rem); margin-bottom: 1.25rem; }
h1 { font-size: clamp(1.35rem, 5vw, 1.8rem); line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.card > :last-child { margin-bottom: 0; }
.soft { color: var(--soft); }
.step { color: var(--soft); font-size: .875rem; margin-bottom: .35rem; }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
.hint { color: var(--soft); font-size: .875rem; margin: .35rem 0 1rem; }
input, textarea {
  width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft);
  border-radius: 8px; padding: .65rem .8rem;
}
input.code { font-size: 1.5rem; letter-spacing: .18em; max-width: 16rem; font-variant-numeric: tabular-nums; }
input[type=file] { padding: .5rem; }
textarea { min-height: 9rem; resize: vertical; margin-bottom: 1rem; display: block; }
button, .button {
  display: inline-block; font: inherit; font-weight: 600; border: 1px solid var(--accent); background: var(--accent);
  color: var(--accent-ink); border-radius: 8px; padding: .65rem 1.2rem; cursor: pointer; text-decoration: none; min-height: 44px;
}
button:hover, .button:hover { filter: brightness(1.08); }
button.quiet { background: none; color: var(--accent); }
form + form, .foot form { margin: 1rem 0; }
.alert { background: var(--bad-paper); color: var(--bad); border: 1px solid currentColor; border-radius: 8px; padding: .75rem 1rem; margin-bottom: 1rem; }
.alert p { margin: 0; }
.files { list-style: none; padding: 0; margin: 0 0 1rem; }
.files li { display: flex; flex-wrap: wrap; gap: .35rem 1rem; align-items: center; justify-content: space-between; padding: .9rem 0; border-top: 1px solid var(--line); }
.files li:first-child { border-top: 0; padding-top: 0; }
.name { font-weight: 600; overflow-wrap: anywhere; }
.files > li > div { flex: 1 1 12rem; min-width: 0; }
.hash { display: block; font: .75rem/1.5 ui-monospace, "SF Mono", Consolas, monospace; color: var(--soft); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0 0 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
iframe { width: 100%; height: min(60vh, 34rem); border: 1px solid var(--line); border-radius: 8px; background: #fff; resize: vertical; }
iframe.short { height: 16rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0 0 1rem; }
code { font-size: .95em; overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } button, .button { width: 100%; text-align: center; } .top button { width: auto; } }
@media (prefers-reduced-motion: no-preference) { button, .button { transition: filter .15s; } }
`.trim()

/** The mark beside the name, for the browser's tab. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#3b78b5" d="M8 1a7 7 0 1 1-7 7V1z"/></svg>'

/** Changes with the content, so that browsers may keep it for long. */
export const stylesheetUrl = `/portal/style.css?v=${createHash('sha256').update(stylesheet).digest('hex').slice(0, 12)}`
