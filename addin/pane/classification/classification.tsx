import { Radio, RadioGroup } from '@fluentui/react-components'
import { useId } from 'react'
import type { Vocabulary } from '../../../shared/contract/index.ts'
import { Notice } from '../parts/notice.tsx'
import type { Words } from '../words/words.ts'
import { quarter } from './quarter.ts'

interface Part {
  readonly labels: Vocabulary['labels']
  readonly standard: string | null
  /** Label id, or null for the default. */
  readonly chosen: string | null
  readonly inherited: string | null
  /** The class the service decided on, where it is another than the chosen one. */
  readonly inForce: string | null
  readonly words: Words
  readonly choose: (label: string) => void
}

/** The one choice that matters, as one list: name, sentence, colour. */
export function Classification({
  labels,
  standard,
  chosen,
  inherited,
  inForce,
  words: { classification: words },
  choose,
}: Part) {
  const title = useId()
  const find = (id: string | null) => labels.find((label) => label.id.toLowerCase() === id?.toLowerCase())
  const thread = find(inherited)
  const raised = find(inForce)
  const value = find(chosen)?.id ?? (chosen === null ? (thread?.id ?? standard) : null)
  return (
    <section className="part" aria-labelledby={title}>
      <h2 id={title}>{words.title}</h2>
      {raised && <Notice intent="info">{words.raised(raised.name)}</Notice>}
      {thread && !raised && <p className="soft small">{words.thread(thread.name)}</p>}
      {chosen !== null && value === null && <Notice intent="warning">{words.unknown(chosen)}</Notice>}
      {labels.length === 0 ? (
        <Notice intent="info" title={words.none.title}>
          {words.none.text}
        </Notice>
      ) : (
        <RadioGroup
          className="choices"
          aria-labelledby={title}
          value={value ?? ''}
          onChange={(_event, data) => choose(data.value)}
        >
          {labels.map((label, at) => (
            <Radio
              key={label.id}
              value={label.id}
              label={
                <span className="choice">
                  <Chip at={at} of={labels.length} color={label.color} title={words.level(at + 1, labels.length)} />
                  <span>
                    {label.name}
                    {label.id === standard && <span className="soft small"> · {words.standard}</span>}
                  </span>
                  <span className="soft small">{label.description || words.meanings[quarter(at, labels.length)]}</span>
                </span>
              }
            />
          ))}
        </RadioGroup>
      )}
    </section>
  )
}

interface ChipOf {
  readonly at: number
  readonly of: number
  readonly color: string | undefined
  readonly title: string
}

function Chip({ at, of, color, title }: ChipOf) {
  return (
    <span
      className={`chip r${quarter(at, of)}`}
      title={title}
      aria-hidden="true"
      {...(color !== undefined && /^#[0-9a-f]{6}$/i.test(color) ? { style: { background: color } } : {})}
    />
  )
}
