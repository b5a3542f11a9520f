import { Field, Input } from '@fluentui/react-components'
import { phoneOf } from '../compose/choice.ts'
import type { Words } from '../words/words.ts'

interface Part {
  readonly phone: string
  readonly words: Words
  readonly choose: (change: { readonly phone: string }) => void
}

/** The number that the password of an encrypted PDF goes to. */
export default function Phone({ phone, words: { phone: words }, choose }: Part) {
  const wrong = phone.trim() !== '' && phoneOf(phone) === null
  return (
    <Field label={words.label} hint={words.hint} {...(wrong ? { validationMessage: words.wrong } : {})}>
      <Input type="tel" autoComplete="off" value={phone} onChange={(_event, { value }) => choose({ phone: value })} />
    </Field>
  )
}
