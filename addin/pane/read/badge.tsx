import { useCallback, useEffect, useState } from 'react'
import type { MessageStatus, VerdictAnswer } from '../../../shared/contract/index.ts'
import type { Service } from '../api/service.ts'
import type { Answer } from '../api/trouble.ts'
import type { ReadMail } from '../host/message.ts'
import { Icon } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { Spinner } from '../parts/spinner.tsx'
import { TroubleNotice } from '../parts/trouble.tsx'
import type { Words } from '../words/words.ts'
import { Receipt } from './receipt.tsx'
import { toneOf } from './tone.ts'

interface Part {
  readonly mail: ReadMail
  readonly service: Service
  readonly words: Words
}

/** The own mail that this is: what lies in Sent Items has no verdict, and a receipt. */
function useOwn({ verdict, messageId }: ReadMail, service: Service): MessageStatus | null {
  const [own, setOwn] = useState<MessageStatus | null>(null)
  useEffect(() => {
    if (verdict !== null || messageId === null) return
    let gone = false
    void service.receiptOf(messageId).then((answer) => {
      if (!gone && answer.ok) setOwn(answer.value.messages[0] ?? null)
    })
    return () => {
      gone = true
    }
  }, [verdict, messageId, service])
  return own
}

/** What the gateway found when the mail came in. Nothing is shown of the header before the service has verified its signature. */
export function Badge({ mail, service, words }: Part) {
  const [answer, setAnswer] = useState<Answer<VerdictAnswer> | null>(null)
  const { verdict, from, messageId } = mail
  const check = useCallback(async () => {
    if (verdict !== null && from !== null) setAnswer(await service.verdict(verdict, from, messageId))
  }, [service, verdict, from, messageId])
  useEffect(() => void check(), [check])

  const { read } = words
  const own = useOwn(mail, service)
  if (verdict === null && own)
    return (
      <ul>
        <Receipt message={own} words={words} />
      </ul>
    )
  const none = mail.headers === 'told' ? 'noVerdict' : mail.headers
  if (verdict === null || from === null)
    return (
      <Notice intent="info" title={read[none].title}>
        {read[none].text}
      </Notice>
    )
  if (!answer) return <Spinner label={read.checking} />
  if (!answer.ok)
    return (
      <TroubleNotice
        trouble={answer.trouble}
        words={words}
        more={read.unverified.text}
        retry={() => void check()}
        signIn={() => void service.signIn().then(check)}
      />
    )
  const { state, signer, layers, text, time } = answer.value
  const tone = toneOf(state)
  if (tone === 'unverified')
    return (
      <Notice intent="error" title={read.unverified.title}>
        {text || read.unverified.text}
      </Notice>
    )
  const { icon, look } = LOOKS[tone]
  const name = signer && [signer.name, signer.address].filter(Boolean).join(' · ')
  return (
    <section className="verdict" role="status">
      <div className={`head ${look}`}>
        <Icon name={icon} className="fate" />
        <h2>{read.states[tone]}</h2>
      </div>
      <p>{text}</p>
      {name && (
        <p className="small">
          {read.signer}: <bdi className="strong">{name}</bdi>
          {signer.issuer && <bdi className="soft"> ({signer.issuer})</bdi>}
        </p>
      )}
      {layers.length > 0 && (
        <div className="small">
          <h3 className="small">{read.layers}</h3>
          <ul className="facts">
            {layers.map((layer) => (
              <li key={`${layer.kind} ${layer.text}`}>
                <Icon name={layer.kind.endsWith('encrypted') ? 'lock' : 'pen'} />
                {layer.text}
              </li>
            ))}
          </ul>
        </div>
      )}
      {time !== null && (
        <p className="small soft">
          {read.checked(
            new Date(time).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' }),
          )}
        </p>
      )}
    </section>
  )
}

const LOOKS = {
  good: { icon: 'check', look: 'good' },
  partly: { icon: 'shield', look: 'warn' },
  bad: { icon: 'warning', look: 'bad' },
  unknown: { icon: 'mail', look: 'fine' },
} as const
