import { createHash, type Hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Fault } from '../../shared/fault/index.ts'
import type { TenantStore, TenantWrites } from '../ports/store.ts'

/** What was answered, or will be. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** Keys whose first request runs in this process. Another node's twin fails at the unique key, inside its transaction. */
const underWay = new Set<string>()

/** The request's `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header), or null. */
export function idempotencyKey(request: FastifyRequest): string | null {
  const header = request.headers['idempotency-key']
  if (header === undefined) return null
  const key = Array.isArray(header) ? '' : header.replace(/^"(.*)"$/, '$1')
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new Fault('request-invalid', 'Idempotency-Key: 1 to 200 visible ASCII characters')
  return key
}

/**
 * Runs `first` unless this client used the key before: then the body is only hashed and the old answer repeated. The record is
 * written by `remember` inside the transaction of the effect, so that there is never one without the other; a failed request
 * leaves nothing and may be tried again. Raises `idempotency-conflict` (same key, other body) and `idempotency-in-progress`.
 */
export async function once(
  of: { readonly store: TenantStore; readonly client: string; readonly key: string; readonly now: number },
  hash: BodyHash,
  first: (remember: (tx: TenantWrites, answer: Answer) => Promise<void>) => Promise<Answer>,
): Promise<Answer> {
  const { store, client, key, now } = of
  const name = JSON.stringify([store.tenant, client, key])
  if (underWay.has(name)) throw new Fault('idempotency-in-progress')
  underWay.add(name)
  try {
    const before = await store.read.idempotent(client, key)
    if (before) {
      if (before.bodyHash !== (await hash.ofAll())) throw new Fault('idempotency-conflict')
      if (!before.response) throw new Fault('idempotency-in-progress')
      return before.response
    }
    return await first(async (tx, answer) => {
      const record = { client, key, bodyHash: await hash.soFar(), response: answer, createdAt: now }
      if (!(await tx.insertIdempotent(record))) throw new Fault('idempotency-in-progress')
    })
  } finally {
    underWay.delete(name)
  }
}

/** SHA-256 over everything that makes a request what it is: parameters first, then the body as it is read. */
export class BodyHash {
  readonly #hash: Hash
  readonly #body: AsyncIterable<Uint8Array> | null

  constructor(parameters: unknown, body: AsyncIterable<Uint8Array> | null) {
    this.#hash = createHash('sha256').update(JSON.stringify(parameters)).update('\n')
    this.#body = body
  }

  /** The body, hashed on its way. */
  async *pass(limit: number): AsyncGenerator<Uint8Array> {
    let size = 0
    for await (const chunk of this.#body ?? []) {
      size += chunk.length
      if (size > limit) throw new Fault('message-too-large')
      this.#hash.update(chunk)
      yield chunk
    }
  }

  /** Hash of the whole request; reads the body. */
  async ofAll(): Promise<string> {
    for await (const chunk of this.#body ?? []) this.#hash.update(chunk)
    return this.soFar()
  }

  soFar(): string {
    return this.#hash.copy().digest('hex')
  }
}
