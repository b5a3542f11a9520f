/** Calls between two threads over one message port: asked by name, answered once, faults included. */

import type { FaultCode } from '../../shared/fault/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'

/** What one side answers to. Arguments and answers are cloned on their way (structured clone): plain data and bytes. */
// biome-ignore lint/suspicious/noExplicitAny: any function fits here; `Line` gives each its own types back
export type Methods = { readonly [name: string]: (...args: any[]) => unknown }

export interface Line<Theirs extends Methods> {
  /** Rejects with the fault the other side threw, or `internal` when the line is cut. */
  call<Name extends keyof Theirs & string>(
    name: Name,
    ...args: Parameters<Theirs[Name]>
  ): Promise<Awaited<ReturnType<Theirs[Name]>>>
  /** As `call`, with buffers among the arguments that are not copied: from now on they are the other side's, and empty here. */
  give<Name extends keyof Theirs & string>(
    buffers: readonly ArrayBuffer[],
    name: Name,
    ...args: Parameters<Theirs[Name]>
  ): Promise<Awaited<ReturnType<Theirs[Name]>>>
  /** Asks for no answer. */
  tell<Name extends keyof Theirs & string>(name: Name, ...args: Parameters<Theirs[Name]>): void
  /** Everything that waits for an answer rejects; nothing is sent any more. */
  cut(reason: Error): void
}

export interface Port {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void
  on(event: 'message', listener: (value: unknown) => void): unknown
}

/** What `give` needs for bytes that are alone in their buffer; others are copied. */
export function buffersOf(bytes: Uint8Array | null): ArrayBuffer[] {
  return bytes && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : []
}

/** The same where nobody says that they are alone, as for what a driver read; few bytes are copied as quickly. */
export function ownBuffersOf(bytes: Uint8Array | null): ArrayBuffer[] {
  const whole = bytes !== null && bytes.length >= WORTH && bytes.length === bytes.buffer.byteLength
  return whole ? buffersOf(bytes) : []
}

const WORTH = 4096

type Packet =
  | { readonly ask: string; readonly id: number; readonly args: unknown[] }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: { code: FaultCode; detail: string; cause: string | undefined } }

/** A packet and what goes over with it uncopied. */
interface Outgoing {
  readonly packet: Packet
  readonly buffers: readonly ArrayBuffer[]
}

interface Waiting {
  resolve(value: never): void
  reject(error: Error): void
}

/** What is told and not asked carries this number. */
const UNASKED = 0

/**
 * Packets of one turn of the event loop travel together: waking the other thread costs more than what is said
 * (some 20 us against 3), and under load a turn has many. With `answersFirst` they leave as soon as an answer is among them, at
 * the end of what brought it about and before the loop's next work: who waits behind it is a client, and that work is not his.
 */
export function openLine<Theirs extends Methods>(
  port: Port,
  ours: Methods,
  { answersFirst = false }: { readonly answersFirst?: boolean } = {},
): Line<Theirs> {
  const waiting = new Map<number, Waiting>()
  let outgoing: Outgoing[] = []
  /** What is going out leaves before the next work of the event loop. */
  let leaving = false
  let last = UNASKED
  let broken: Error | null = null

  function send(packet: Packet, buffers: readonly ArrayBuffer[] = []): void {
    if (broken) return
    outgoing.push({ packet, buffers })
    if (answersFirst && !('ask' in packet)) {
      if (leaving) return
      leaving = true
      process.nextTick(leave)
    } else if (outgoing.length === 1) setImmediate(leave)
  }

  function leave(): void {
    leaving = false
    const said = outgoing
    outgoing = []
    if (said.length > 0 && !broken) post(said)
  }

  /** What cannot be cloned must not take the others with it, nor the thread: its own asker hears of it. */
  function post(said: readonly Outgoing[]): void {
    try {
      port.postMessage(
        said.map(({ packet }) => packet),
        said.flatMap(({ buffers }) => buffers),
      )
    } catch (error) {
      if (said.length > 1) for (const one of said) post([one])
      else if (said[0]) unsaid(said[0].packet, error)
    }
  }

  function unsaid(packet: Packet, cause: unknown): void {
    if ('ask' in packet) {
      waiting.get(packet.id)?.reject(new Fault('internal', '', { cause }))
      waiting.delete(packet.id)
    } else if ('value' in packet) send({ id: packet.id, fault: { code: 'internal', detail: '', cause: String(cause) } })
  }

  async function answer({ ask, id, args }: Extract<Packet, { ask: string }>): Promise<void> {
    try {
      const method = ours[ask]
      if (!method) throw new Error(`nobody answers to ${ask}`)
      const value = await method(...args)
      if (id !== UNASKED) send({ id, value })
    } catch (error) {
      const { code, detail, cause } = toFault(error)
      const told = cause instanceof Error ? (cause.stack ?? cause.message) : cause === undefined ? cause : String(cause)
      if (id !== UNASKED) send({ id, fault: { code, detail, cause: told } })
    }
  }

  function receive(packet: Packet): void {
    if ('ask' in packet) {
      void answer(packet)
      return
    }
    const asked = waiting.get(packet.id)
    waiting.delete(packet.id)
    if ('value' in packet) asked?.resolve(packet.value as never)
    else {
      const { code, detail, cause } = packet.fault
      asked?.reject(new Fault(code, detail, cause === undefined ? undefined : { cause: new Error(cause) }))
    }
  }

  port.on('message', (packets) => {
    for (const packet of packets as Packet[]) receive(packet)
  })

  function ask<Answer>(buffers: readonly ArrayBuffer[], name: string, args: unknown[]): Promise<Answer> {
    if (broken) return Promise.reject(new Fault('internal', '', { cause: broken }))
    const id = ++last
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      send({ ask: name, id, args }, buffers)
    })
  }

  return {
    call: (name, ...args) => ask([], name, args),
    give: (buffers, name, ...args) => ask(buffers, name, args),
    tell(name, ...args) {
      send({ ask: name, id: UNASKED, args })
    },
    cut(reason) {
      broken ??= reason
      for (const { reject } of waiting.values()) reject(new Fault('internal', '', { cause: reason }))
      waiting.clear()
    },
  }
}
