/** What the window asks of `server/http/routes/simulator.ts`. */
import type { Person } from '../host/item.ts'

export interface User extends Person {
  readonly language: 'de' | 'en'
}

export interface Correspondent extends User {
  readonly phone?: string
  readonly smime?: boolean
  readonly pgp?: boolean
}

type Both = { readonly de: string; readonly en: string }

export interface Sample {
  readonly id: string
  readonly title: Both
  readonly about: Both
  readonly from: string
  readonly to: readonly string[]
  readonly subject: Both
  readonly text: Both
  readonly files?: readonly { readonly name: string; readonly type: string; readonly size: number }[]
}

export interface People {
  readonly users: readonly User[]
  readonly others: readonly Correspondent[]
  readonly samples: readonly Sample[]
}

export type Method = 'smime' | 'pgp' | 'pdf' | 'portal' | 'signed' | 'plain'

export interface MailLine {
  readonly address: string
  readonly name: string
  readonly at: string
  /** Reverse-path. */
  readonly from: string
  readonly subject: string
  readonly sender: Person | null
  readonly method: Method | null
  readonly preview: string
}

export interface World {
  readonly mails: readonly MailLine[]
  readonly texts: readonly { readonly to: string; readonly text: string; readonly at: string }[]
}

export interface OpenedMail {
  readonly from: Person
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly subject: string
  readonly date: number | null
  readonly messageId: string
  readonly header: string
  readonly layers: readonly {
    readonly kind: string
    readonly state: string
    readonly words: { readonly de: string; readonly en: string }
  }[]
  readonly verdict: { readonly state: string; readonly words: { readonly de: string; readonly en: string } }
  readonly text: string | null
  readonly html: string | null
  readonly method: Method
  readonly link: string | null
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly size: number }[]
}

export interface WrittenMail {
  readonly from: string
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly bcc: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: readonly (readonly [string, string])[]
  readonly inReplyTo: string | null
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly content: string }[]
}

export interface Submitted {
  readonly id: string | null
  readonly recipients: readonly { readonly address: string; readonly reply: string }[]
}

export interface Progress {
  readonly recipients: readonly {
    readonly address: string
    readonly state: string
    readonly detail: string
    readonly method: string | null
  }[]
}

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(`/simulator/${path}`)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return (await answer.json()) as T
}

export const mailPath = ({ address, name }: Pick<MailLine, 'address' | 'name'>) =>
  `mailboxes/${encodeURIComponent(address)}/${name}`

export const loadPeople = () => get<People>('people')
export const loadWorld = () => get<World>('mailboxes')
export const loadMail = (line: Pick<MailLine, 'address' | 'name'>) => get<OpenedMail>(mailPath(line))
export const loadProgress = (id: string) => get<Progress>(`messages/${id}`)

/** Raises an Error with the words of the server. */
export async function submit(mail: WrittenMail): Promise<Submitted> {
  const answer = await fetch('/simulator/send', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(mail),
  })
  const said = (await answer.json()) as Submitted & { readonly detail?: string; readonly title?: string }
  if (!answer.ok) throw new Error(said.detail ?? said.title ?? String(answer.status))
  return said
}

/** A token for the add-in, as the demo's sign-in gives it. Raises an Error where it gives none. */
export async function demoToken({ address }: Person): Promise<{ token: string; seconds: number }> {
  const answer = await fetch('/addin/demo-token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address }),
  })
  if (!answer.ok) throw new Error(`demo-token: ${answer.status}`)
  const said = (await answer.json()) as { readonly access_token: string; readonly expires_in: number }
  return { token: said.access_token, seconds: said.expires_in }
}
