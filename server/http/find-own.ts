import type { MessageId, MessageRecord } from '../../shared/domain/index.ts'
import type { TenantReads } from '../ports/store.ts'
import { isOwn } from './message-status.ts'
import type { Identity } from './services.ts'

/** Mails that one request looks at, and so many at a time: a search for what is nowhere ends soon. */
const LOOKED_AT = 1_000
const AT_A_TIME = 100

export interface OwnQuery {
  readonly sender: string
  readonly query?: string | undefined
  readonly messageId?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface OwnPage {
  readonly found: readonly MessageRecord[]
  /** The last mail that was looked at; null when there are no more. */
  readonly next: MessageId | null
}

/** Mails of one of the caller's addresses, the newest first. */
export async function findOwn(
  read: Pick<TenantReads, 'messages' | 'messagesCalled'>,
  identity: Identity,
  { sender, query = '', messageId, cursor, limit }: OwnQuery,
): Promise<OwnPage> {
  const words = plain(query)
  const fits = (message: MessageRecord) =>
    isOwn(message, identity) &&
    (words === '' ||
      plain(message.subject).includes(words) ||
      message.envelope.recipients.some(({ address }) => plain(address).includes(words)))

  if (messageId !== undefined) {
    const called = await read.messagesCalled([messageId.trim().replace(/^<(.*)>$/s, '$1')])
    return { found: called.filter(fits).slice(0, limit), next: null }
  }
  const found: MessageRecord[] = []
  let before = cursor as MessageId | undefined
  for (let looked = 0; looked < LOOKED_AT; looked += AT_A_TIME) {
    const some = await read.messages({ sender, limit: AT_A_TIME, ...(before === undefined ? {} : { before }) })
    for (const message of some) {
      before = message.id
      if (!fits(message)) continue
      found.push(message)
      if (found.length === limit) return { found, next: before }
    }
    if (some.length < AT_A_TIME) return { found, next: null }
  }
  return { found, next: before ?? null }
}

const plain = (text: string) => text.normalize('NFKC').toLowerCase()
