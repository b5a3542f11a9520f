/** What all parts of the window share. */
import type { HostFault } from '../host/calls.ts'
import type { Person } from '../host/item.ts'
import type { DraftStart } from '../host/new-draft.ts'
import type { Correspondent, MailLine, OpenedMail, People, Submitted, User, World } from './server.ts'
import type { Settings } from './settings.ts'
import type { Words } from './words.ts'

export interface Desk {
  readonly people: People
  settings: Settings
  world: World
  /** Whose mailbox is open. */
  mailbox: string
  /** Faults of the client that are wanted, by number of the call. */
  readonly faults: Map<number, HostFault>
  /** Ms after which attachments are named to add-ins. */
  filesLate: number
  readonly roaming: Map<string, string>
  readonly seen: Set<string>
  words(): Words
  nameOf(address: string): string
  isUser(address: string): boolean
  openMailbox(address: string): void
  openMail(line: MailLine): void
  compose(start: DraftStart): void
  answer(mail: OpenedMail, how: 'reply' | 'replyAll' | 'forward'): void
  sent(result: Submitted, from: Person): void
  leave(): void
}

export type Everybody = readonly (User | Correspondent)[]
export const everybody = ({ users, others }: People): Everybody => [...users, ...others]
export const mailKey = ({ address, name }: Pick<MailLine, 'address' | 'name'>) => `${address}/${name}`
