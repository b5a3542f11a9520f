import type { MessageStatus } from '../../../shared/contract/index.ts'
import type { Words } from '../words/words.ts'

/** One own mail: what became of it for each recipient, and how it was protected. */
export function Receipt({ message, words: { read } }: { readonly message: MessageStatus; readonly words: Words }) {
  const date = (iso: string) =>
    new Date(iso).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <li className="receipt">
      <h2>
        <bdi>{message.subject || '–'}</bdi>
      </h2>
      <p className="small soft">{date(message.acceptedAt)}</p>
      <ul className="stack small">
        {message.recipients.map(({ address, state, receipt, detail }) => (
          <li key={address}>
            <p>
              <bdi className="strong">{address}</bdi>
            </p>
            <p className="row">
              <span className="tag">{read.recipientStates[state] ?? state}</span>
              {receipt ? (read.methods[receipt.method] ?? receipt.method) : read.noReceipt}
            </p>
            {!receipt && detail !== '' && <p className="soft">{detail}</p>}
            {receipt && receipt.layers.length > 0 && <p className="soft">{receipt.layers.join(' · ')}</p>}
            {receipt?.links.map((link) => (
              <p key={link.sha256} className="soft">
                <bdi>{link.name}</bdi>, {read.until(date(link.expiresAt))}
              </p>
            ))}
            {receipt && receipt.rules.length > 0 && (
              <details>
                <summary>{read.rules}</summary>
                <p>{receipt.rules.join(', ')}</p>
              </details>
            )}
          </li>
        ))}
      </ul>
    </li>
  )
}
