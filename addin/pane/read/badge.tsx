import { Spinner } from '@fluentui/react-components'
import { useCallback, useEffect, useState } from 'react'
import type { InboundVerdict, Service } from '../api/service.ts'
import type { Answer } from '../api/trouble.ts'
import type { ReadMail } from '../host/message.ts'
import { Icon } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { TroubleNotice } from '../parts/trouble.tsx'
import type { Words } from '../words/words.ts'
import { toneOf } from './tone.ts'

interface Part {
  readonly mail: ReadMail
  readonly service: Service
  readonly words: Words
}

/** What the gateway found when the mail came in. Nothing is shown of the header before the service has verified its signature. */
export function Badge({ mail, service, words }: Part) {
  const [answer, setAnswer] = useState<Answer<InboundVerdict> | null>(null)
  const { verdict, from, messageId } = mail
  const check = useCallback(async () => {
    if (verdict !== null) setAnswer(await service.verdict(verdict, from, messageId))
  }, [service, verdict, from, messageId])
  useEffect(() => void check(), [check])

  const { read } = words
  const none = mail.headers === 'told' ? 'noVerdict' : mail.headers
  if (verdict === null)
    return (
      <Notice intent="info" title={read[none].title}>
        {read[none].text}
      </Notice>
    )
  if (!answer) return <Spinner label={read.checking} labelPosition="below" />
  if (!answer.ok && answer.trouble.kind === 'refused')
    return (
      <Notice intent="error" title={read.unverified.title}>
        {read.unverified.text}
      </Notice>
    )
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
  const { state, signer, layers, text } = answer.value
  const tone = toneOf(state)
  return (
    <section className="verdict" role="status">
      <div className={`head ${TONES[tone].tone}`}>
        <Icon name={TONES[tone].icon} className="fate" />
        <h2 style={{ margin: 0 }}>{read.states[tone]}</h2>
      </div>
      <p>{text}</p>
      {signer !== undefined && (
        <p className="small">
          {read.signer}: <bdi className="strong">{signer}</bdi>
        </p>
      )}
      {layers.length > 0 && (
        <p className="small row">
          {read.layers}:{' '}
          {layers.map((layer) => (
            <span key={layer} className="tag">
              {layer}
            </span>
          ))}
        </p>
      )}
    </section>
  )
}

const TONES = {
  good: { icon: 'check', tone: 'good' },
  partly: { icon: 'shield', tone: 'warn' },
  bad: { icon: 'warning', tone: 'bad' },
  unknown: { icon: 'mail', tone: 'fine' },
} as const
