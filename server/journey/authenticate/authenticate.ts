import { Worker } from 'node:worker_threads'
import type { Origin } from '../../../shared/domain/index.ts'
import { parseAddresses } from '../../mime/address-list.ts'
import { fieldsOf, fieldValue } from '../../mime/header.ts'
import type { MimeIndex } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import type { Resolver } from '../../ports/dns.ts'
import { type Line, openLine } from '../../threads/line.ts'
import type { VerifierMethods } from './authenticate-worker.ts'
import { createLookUps } from './look-up.ts'
import { mailPieces } from './readable-mail.ts'
import type { Authentication, LookedUp, VerifyRequest } from './verify.ts'

export type { Authentication } from './verify.ts'

export interface StrangersMail {
  readonly source: ByteSource
  readonly index: MimeIndex
  readonly mailFrom: string
  readonly origin: Pick<Origin, 'peer' | 'helo'>
}

/** Verifies SPF, DKIM, DMARC and ARC. Raises what reading the mail raises. */
export type Authenticate = (mail: StrangersMail) => Promise<Authentication>

export interface AuthenticatorParts {
  readonly resolver: Resolver
  /** Ours. */
  readonly name: string
  /** Look-ups of one message together, ms. A sender's own servers may be slow. 20,000 unless told. */
  readonly lookUpsMs?: number
  /** One message, look-ups included, ms. 45,000 unless told. */
  readonly mailMs?: number
  /** The thread ends after so long without a mail and gives its memory back. 60,000 unless told. */
  readonly idleMs?: number
}

const SCRIPT = new URL(
  import.meta.url.endsWith('.ts') ? './authenticate-worker.ts' : './authenticate-worker.js',
  import.meta.url,
)

/**
 * Mails are verified in a thread of their own, several at a time: hostile ones hold nobody else up, and who never asks does not
 * pay the memory of the verifier. A mail that takes too long ends the thread; the others that were in it are verified
 * again, one at a time. What takes too long alone as well counts as a mail without any good signature (`permerror`): a stranger
 * gains nothing, for DMARC neither, by signatures that nobody can afford to check.
 */
export function createAuthenticator(parts: AuthenticatorParts): Authenticate {
  const { resolver, name, lookUpsMs = 20_000, mailMs = 45_000, idleMs = 60_000 } = parts
  let shared: Verifier | null = null
  let alone: Promise<unknown> = Promise.resolve()

  const requestOf = ({ mailFrom, origin: { peer, helo } }: StrangersMail): VerifyRequest => ({
    name,
    mailFrom,
    peer,
    helo: helo || (peer.includes(':') ? `[IPv6:${peer}]` : `[${peer}]`),
    lookUpsMs,
    unsigned: null,
  })

  async function inCompany(mail: StrangersMail): Promise<Authentication> {
    if (!shared?.usable()) shared = startVerifier(resolver, lookUpsMs, idleMs)
    return shared.verify(mail, requestOf(mail), mailMs)
  }

  async function byItself(mail: StrangersMail, request: VerifyRequest): Promise<Authentication> {
    const verifier = startVerifier(resolver, lookUpsMs, idleMs)
    try {
      return await verifier.verify(mail, request, mailMs)
    } finally {
      verifier.stop()
    }
  }

  async function again(mail: StrangersMail, late: boolean): Promise<Authentication> {
    const request = requestOf(mail)
    if (!late) {
      try {
        return await byItself(mail, request)
      } catch (error) {
        if (!(error instanceof Overrun)) throw error
      }
    }
    const from = fieldsOf(mail.index.root.fields, 'from')
    const addresses = from.flatMap((field) => parseAddresses(fieldValue(field)).map(({ address }) => address))
    return byItself(mail, { ...request, unsigned: { from: addresses.slice(0, 100), fields: from.length } })
  }

  return async (mail) => {
    try {
      return await inCompany(mail)
    } catch (error) {
      if (!(error instanceof Overrun)) throw error
      const mine = alone.then(() => again(mail, error.own))
      alone = mine.catch(() => undefined)
      return await mine
    }
  }
}

/** The thread had to be ended: for this mail (`own`), or for another one in it. */
class Overrun extends Error {
  readonly own: boolean
  constructor(own: boolean) {
    super('the verifier was ended')
    this.own = own
  }
}

interface Verifier {
  usable(): boolean
  /** Rejects with an `Overrun` when the thread ends before it answered, which it does after `ms`. */
  verify(mail: StrangersMail, request: VerifyRequest, ms: number): Promise<Authentication>
  stop(): void
}

interface InHand {
  readonly pieces: AsyncGenerator<Uint8Array>
  lookUp(name: string, type: string): Promise<LookedUp>
  fail(error: unknown): void
}

function startVerifier(resolver: Resolver, lookUpsMs: number, idleMs: number): Verifier {
  const worker = new Worker(SCRIPT, {
    // None of the server's secrets.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
  })
  // It keeps no process alive: whoever waits for it has a job that is done again.
  worker.unref()
  const inHand = new Map<number, InHand>()
  let last = 0
  let dead = false
  let idle: NodeJS.Timeout | undefined
  const line: Line<VerifierMethods> = openLine<VerifierMethods>(worker, {
    async nextPiece(id: number) {
      const mail = inHand.get(id)
      if (!mail) return null
      try {
        const { value, done } = await mail.pieces.next()
        return done ? null : value
      } catch (error) {
        mail.fail(error)
        throw error
      }
    },
    lookUp: (id: number, name: string, type: string) => inHand.get(id)?.lookUp(name, type) ?? { code: 'ETIMEOUT' },
  })
  const stop = (culprit?: number) => {
    if (dead) return
    dead = true
    clearTimeout(idle)
    for (const [id, { fail }] of inHand) fail(new Overrun(id === culprit))
    line.cut(new Error('the verifier was ended'))
    void worker.terminate()
  }
  worker.on('error', () => stop())
  worker.on('exit', () => stop())

  return {
    usable: () => !dead,
    stop: () => stop(),
    async verify({ source, index }, request, ms) {
      clearTimeout(idle)
      const id = ++last
      const pieces = mailPieces(source, index)
      let timer: NodeJS.Timeout | undefined
      try {
        return await new Promise<Authentication>((resolve, reject) => {
          inHand.set(id, { pieces, lookUp: createLookUps(resolver, lookUpsMs), fail: reject })
          timer = setTimeout(() => stop(id), ms)
          line.call('verify', id, request).then(resolve, reject)
        })
      } finally {
        clearTimeout(timer)
        inHand.delete(id)
        await pieces.return(undefined)
        if (inHand.size === 0 && !dead) idle = setTimeout(() => stop(), idleMs).unref()
      }
    },
  }
}
