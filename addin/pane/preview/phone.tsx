import { Field, Input } from '@fluentui/react-components'
import { useEffect, useId, useState } from 'react'
import { phoneOf } from '../compose/choice.ts'
import type { Words } from '../words/words.ts'

interface Part {
  readonly person: string
  readonly name: string
  /** As it was typed before. */
  readonly phone: string
  /** Why it does not count though it is one; null where it does. */
  readonly left: string | null
  readonly words: Words
  readonly choose: (phone: string) => void
}

/** Who was entered last with Enter: his row moves to another treatment, and the focus with it. */
let entered = ''

/**
 * The number that one recipient's password goes to. It counts once it is typed to the end: on leaving the field, also for the
 * Send button, or with Enter. Before that the preview would move under the hands of who types.
 */
export default function Phone({ person, name, phone, left, words: { phone: words }, choose }: Part) {
  const [typed, setTyped] = useState(phone)
  const problem = typed.trim() === '' || typed !== phone ? null : phoneOf(typed) === null ? words.wrong : left
  const done = () => typed !== phone && choose(typed)
  const id = useId()
  useEffect(() => {
    if (entered === person) document.getElementById(id)?.focus()
  }, [person, id])
  return (
    <Field
      className="phone"
      size="small"
      label={words.label(name)}
      hint={words.hint}
      {...(problem === null ? {} : { validationMessage: problem })}
    >
      <Input
        id={id}
        type="tel"
        size="small"
        autoComplete="off"
        value={typed}
        onChange={(_event, { value }) => setTyped(value)}
        onBlur={() => {
          entered = ''
          done()
        }}
        onKeyDown={({ key }) => {
          if (key !== 'Enter') return
          entered = person
          done()
        }}
      />
    </Field>
  )
}
