import { Field, Select, Textarea } from '@fluentui/react-components'
import { useId } from 'react'
import type { Words } from '../words/words.ts'

interface Part {
  /** Why a reason is asked for. */
  readonly why: string
  readonly reason: string
  /** Characters too many for the header; 0 when it fits. */
  readonly over: number
  readonly words: Words
  readonly choose: (change: { readonly reason: string }) => void
}

const OWN = 'own'

/** Asks why less protection is right here: one of the usual reasons, or own words. */
export default function Reason({ why, reason, over, words: { reason: words }, choose }: Part) {
  const title = useId()
  const preset = words.presets.includes(reason)
  const problem = reason.trim() === '' ? words.needed : over > 0 ? words.tooLong(over) : null
  return (
    <section className="part stack reason" aria-labelledby={title}>
      <h2 id={title}>{words.title}</h2>
      <p className="soft small">{why}</p>
      <Field label={words.label} required {...(problem === null ? {} : { validationMessage: problem })}>
        <Select
          value={preset ? reason : reason === '' ? '' : OWN}
          onChange={(_event, { value }) => choose({ reason: value === OWN ? ' ' : value })}
        >
          <option value="" disabled hidden />
          {words.presets.map((text) => (
            <option key={text}>{text}</option>
          ))}
          <option value={OWN}>{words.own}</option>
        </Select>
      </Field>
      {reason !== '' && !preset && (
        <Textarea
          aria-label={words.label}
          value={reason.replace(/^ $/, '')}
          onChange={(_event, { value }) => choose({ reason: value === '' ? ' ' : value })}
          resize="vertical"
          rows={4}
        />
      )}
    </section>
  )
}
