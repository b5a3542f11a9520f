import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { Fault } from '../../shared/fault/index.ts'
import { buffersOf, type Line, type Methods, openLine } from './line.ts'

const ports: MessagePort[] = []
afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

/** Two sides of one line; `answers` is what the far side answers to. */
function line<Theirs extends Methods>(answers: Theirs): { near: Line<Theirs>; packets: unknown[] } {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  const packets: unknown[] = []
  openLine(port2, answers)
  const near = openLine<Theirs>(
    {
      postMessage(value, transfer) {
        packets.push(value)
        port1.postMessage(value, transfer)
      },
      on: (event, listener) => port1.on(event, listener),
    },
    {},
  )
  return { near, packets }
}

describe('a line between two threads', () => {
  test('gives answers to those who asked, whatever order they come in', async () => {
    const { near } = line({
      later: async (value: number) => {
        await turn()
        await turn()
        return value
      },
      now: (value: number) => value,
    })
    expect(await Promise.all([near.call('later', 1), near.call('now', 2), near.call('later', 3)])).toEqual([1, 2, 3])
  })

  test('brings bytes over unchanged, and the asker keeps his own', async () => {
    const { near } = line({ echo: (bytes: Uint8Array) => bytes })
    const mine = new Uint8Array([0, 255, 10, 13])
    expect(await near.call('echo', mine)).toEqual(mine)
    expect(mine.byteLength).toBe(4)
  })

  test("bytes that are given away are the other side's alone", async () => {
    const { near } = line({ sum: (bytes: Uint8Array) => bytes.reduce((a, b) => a + b, 0) })
    const mine = new Uint8Array([1, 2, 3])
    const others = near.call('sum', new Uint8Array([4]))
    expect(await near.give(buffersOf(mine), 'sum', mine)).toBe(6)
    expect(mine.byteLength).toBe(0)
    expect(await others).toBe(4)
  })

  test('a fault arrives as that fault, with its detail', async () => {
    const { near } = line({
      refuse() {
        throw new Fault('message-too-large', 'by far')
      },
    })
    await expect(near.call('refuse')).rejects.toMatchObject({ code: 'message-too-large', detail: 'by far' })
  })

  test('anything else that was thrown is an internal fault that keeps its cause for the log', async () => {
    const { near } = line({
      break() {
        throw new TypeError('no such thing')
      },
    })
    const fault = await near.call('break').catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'internal', detail: '' })
    expect(String((fault as Fault).cause)).toContain('no such thing')
  })

  test('who asks for what nobody answers to hears of it', async () => {
    const { near } = line<{ missing(): void }>({} as { missing(): void })
    await expect(near.call('missing')).rejects.toMatchObject({ code: 'internal' })
  })

  test('what is said in one turn travels together', async () => {
    const { near, packets } = line({ add: (a: number, b: number) => a + b })
    expect(await Promise.all(Array.from({ length: 50 }, (_, n) => near.call('add', n, 1)))).toHaveLength(50)
    expect(packets).toHaveLength(1)
  })

  test('answers go before the work that follows, all of one turn in one packet', async () => {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1, port2)
    const order: string[] = []
    const answering = {
      postMessage(value: unknown, transfer: readonly ArrayBuffer[]) {
        order.push(`${(value as unknown[]).length} said`)
        port2.postMessage(value, transfer as ArrayBuffer[])
      },
      on: (event: 'message', listener: (value: unknown) => void) => port2.on(event, listener),
    }
    const far = openLine<{ news(): void }>(
      answering,
      {
        record() {
          far.tell('news')
          setImmediate(() => order.push('work'))
          return Promise.resolve()
        },
      },
      { answersFirst: true },
    )
    const near = openLine<{ record(): Promise<void> }>(port1, { news() {} })
    await Promise.all([near.call('record'), near.call('record')])
    await turn()
    expect(order).toEqual(['4 said', 'work', 'work'])
  })

  test('what cannot be cloned fails for who said it, and the others of its turn arrive', async () => {
    const { near } = line({ echo: (value: unknown) => value, make: () => () => 1 })
    const [good, bad, answer] = await Promise.allSettled([
      near.call('echo', 'here'),
      near.call('echo', () => 1),
      near.call('make'),
    ])
    expect(good).toMatchObject({ status: 'fulfilled', value: 'here' })
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'internal' } })
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'internal' } })
  })

  test('a cut line leaves nobody waiting', async () => {
    const { near } = line({ never: () => new Promise<void>(() => {}) })
    const waiting = near.call('never')
    near.cut(new Error('the thread ended'))
    await expect(waiting).rejects.toMatchObject({ code: 'internal' })
    await expect(near.call('never')).rejects.toMatchObject({ code: 'internal' })
  })

  test('what is told is done and not answered', async () => {
    const heard: string[] = []
    const { near } = line({
      note: (text: string) => {
        heard.push(text)
        throw new Error('nobody hears this')
      },
      ask: () => heard.length,
    })
    near.tell('note', 'one')
    near.tell('note', 'two')
    expect(await near.call('ask')).toBe(2)
  })
})
