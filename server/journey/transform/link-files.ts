import type { LinkFileRecord } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { decodedBody } from '../../mime/decode.ts'
import { storeFile } from './filelink/store-files.ts'
import type { MailInHand, Tools } from './mail.ts'

/** Stores each attachment at most once per message, whatever the number of copies and recipients that link to it. */
export class LinkFiles {
  readonly #mail: MailInHand
  readonly #tools: Tools
  readonly #stored = new Map<number, Promise<LinkFileRecord>>()

  constructor(mail: MailInHand, tools: Tools) {
    this.#mail = mail
    this.#tools = tools
  }

  /** Records of the attachments with these indices, in their order. */
  async of(indices: readonly number[]): Promise<LinkFileRecord[]> {
    const records: LinkFileRecord[] = []
    // One after the other: a series of a thousand slices must not open a thousand files.
    for (const index of indices) {
      let stored = this.#stored.get(index)
      if (!stored) {
        stored = this.#store(index)
        this.#stored.set(index, stored)
      }
      records.push(await stored)
    }
    return records
  }

  #store(index: number): Promise<LinkFileRecord> {
    const { parsed, source, id, tenant } = this.#mail
    const facts = parsed.attachments?.find((attachment) => attachment.index === index)
    const partId = parsed.attachmentParts[index]
    const part = partId === undefined ? undefined : parsed.index.parts[partId]
    if (!facts || !part) throw new Fault('action-impossible', `attachment ${index} cannot become a link`)
    return storeFile({
      blobs: this.#tools.blobs,
      secrets: this.#tools.secrets,
      tenant: tenant.id,
      id: this.#tools.newId(),
      name: facts.name,
      mediaType: facts.declaredType,
      message: id,
      content: decodedBody(source, part),
      now: this.#tools.clock.now(),
    })
  }
}
