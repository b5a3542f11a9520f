/** The task pane: what stands in Outlook beside a mail that is written or read. */
import { createDOMRenderer, FluentProvider, RendererProvider } from '@fluentui/react-components'
import { createRoot } from 'react-dom/client'
import type { PaneOffice } from './host/office.ts'
import { Pane } from './pane.tsx'
import { applyTheme, readSetting, themeOf } from './theme/theme.ts'
import { wordsOf } from './words/load.ts'
import { languageOf } from './words/words.ts'

/** Ms that Outlook has to say it is there. */
const PATIENCE = 8000

const systemIsDark = () => matchMedia('(prefers-color-scheme: dark)').matches

/** Office.js once it knows its host; null in a plain browser tab. */
function officeReady(): Promise<PaneOffice | null> {
  const { Office } = globalThis as { Office?: PaneOffice }
  if (typeof Office?.onReady !== 'function') return Promise.resolve(null)
  return new Promise((resolve) => {
    setTimeout(() => resolve(Office.context?.mailbox ? Office : null), PATIENCE)
    Office.onReady!(() => resolve(Office.context?.mailbox ? Office : null))
  })
}

async function start(): Promise<void> {
  applyTheme(themeOf(readSetting(), undefined, systemIsDark()))
  // Mostly Outlook's language is that of the browser: its words are then there when Outlook is.
  void wordsOf(languageOf(navigator.language)).catch(() => null)
  const office = await officeReady()
  applyTheme(themeOf(readSetting(), office?.context?.officeTheme, systemIsDark()))
  const language = languageOf(office?.context?.displayLanguage ?? navigator.language)
  document.documentElement.lang = language
  const words = await wordsOf(language)
  document.title = words.title
  // The page's own policy allows styles with this word only.
  const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? ''
  const renderer = createDOMRenderer(document, { styleElementAttributes: { nonce } })
  createRoot(document.getElementById('pane')!).render(
    <RendererProvider renderer={renderer} targetDocument={document}>
      <FluentProvider theme={{}}>
        <Pane office={office} language={language} words={words} />
      </FluentProvider>
    </RendererProvider>,
  )
}

void start()
