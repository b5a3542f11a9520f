import { escapeHtml } from '../../../shared/words/html.ts'
import type { BodyBlock } from '../../mime/edit.ts'
import { KIND_WORDS, type OpenedMail } from '../transform/open/index.ts'

type Language = 'de' | 'en'

const TITLE = { de: 'Prüfung dieser E-Mail durch Ihr Gateway', en: 'Check of this mail by your gateway' }
const SIGNER = { de: 'Unterzeichner', en: 'Signer' }
const ISSUER = { de: 'ausgestellt von', en: 'issued by' }

/** What was found, for whoever reads the mail: the verdict, who signed, and each layer from the outside in. */
export function reportLines({ verdict, layers }: OpenedMail, language: Language): readonly string[] {
  const { signer } = verdict
  const issuer = signer?.issuer ? `, ${ISSUER[language]} ${signer.issuer}` : ''
  return [
    TITLE[language],
    verdict.words[language],
    ...(signer?.address ? [`${SIGNER[language]}: ${signer.address}${issuer}`] : []),
    ...(layers.length > 1 ? layers.map(({ kind, words }) => `${KIND_WORDS[kind][language]}: ${words[language]}`) : []),
  ]
}

/** The report above the text. */
export function reportBlock(opened: OpenedMail, language: Language): BodyBlock {
  const [title = '', ...lines] = reportLines(opened, language)
  const colour = opened.verdict.state === 'good' ? '#107c10' : '#8a6d00'
  const html = `<div style="border-left:4px solid ${colour};padding:4px 10px;margin:0 0 12px 0;font-family:sans-serif;font-size:13px"><strong>${escapeHtml(title)}</strong><br>${lines.map(escapeHtml).join('<br>')}</div>`
  return { position: 'top', text: [`| ${title}`, ...lines.map((line) => `| ${line}`)].join('\n'), html }
}

/** The report as a file. */
export function reportFile(opened: OpenedMail, language: Language): { readonly name: string; readonly text: string } {
  const name = language === 'de' ? 'Signaturpruefung.txt' : 'signature-check.txt'
  return { name, text: `${reportLines(opened, language).join('\r\n')}\r\n` }
}
