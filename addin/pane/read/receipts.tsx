import { Button, Field, Input } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import type { MessageStatus } from '../../../shared/contract/index.ts'
import type { Service } from '../api/service.ts'
import type { Trouble } from '../api/trouble.ts'
import { Spinner } from '../parts/spinner.tsx'
import { TroubleNotice } from '../parts/trouble.tsx'
import type { Words } from '../words/words.ts'
import { Receipt } from './receipt.tsx'

interface Found {
  readonly words: string
  readonly messages: readonly MessageStatus[]
  readonly next: string | null
}

/** Own past mails with the receipts of how they were protected. */
export function Receipts({ service, words }: { readonly service: Service; readonly words: Words }) {
  const [typed, setTyped] = useState('')
  const [found, setFound] = useState<Found | null>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const { read } = words

  async function search(text: string, before: Found | null): Promise<void> {
    setBusy(true)
    const answer = await service.receipts(text, before?.next ?? null)
    setBusy(false)
    setTrouble(answer.ok ? null : answer.trouble)
    if (!answer.ok) return
    const { messages, next } = answer.value
    setFound({ words: text, messages: [...(before?.messages ?? []), ...messages], next })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void search(typed.trim(), null)
  }
  return (
    <section className="stack">
      <form className="stack" onSubmit={submit}>
        <Field label={read.search} hint={read.searchHint}>
          <Input type="search" value={typed} onChange={(_event, { value }) => setTyped(value)} />
        </Field>
        <div className="row">
          <Button appearance="primary" type="submit" disabled={busy}>
            {read.find}
          </Button>
          {busy && <Spinner label={read.checking} />}
        </div>
      </form>
      {trouble && (
        <TroubleNotice
          trouble={trouble}
          words={words}
          retry={() => void search(typed.trim(), null)}
          signIn={() => void service.signIn().then(() => search(typed.trim(), null))}
        />
      )}
      <p className="small soft" role="status">
        {found && !busy && (found.messages.length === 0 ? read.nothing : read.found(found.messages.length))}
      </p>
      <ul>
        {found?.messages.map((message) => (
          <Receipt key={message.id} message={message} words={words} />
        ))}
      </ul>
      {found?.next != null && (
        <div>
          <Button disabled={busy} onClick={() => void search(found.words, found)}>
            {read.more}
          </Button>
        </div>
      )}
    </section>
  )
}
