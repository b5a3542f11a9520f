import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { type Answer, decode, encode, type Packet, streamDecode, streamEncode } from 'dns-packet'

/** What a name server does with one question. */
export type Told =
  | {
      readonly rcode?: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED'
      readonly answers?: readonly Answer[]
      readonly ad?: boolean
      readonly soa?: number
    }
  /** Truncated over UDP; whole over TCP. */
  | { readonly truncated: readonly Answer[] }
  | 'silence'
  | 'garbage'
  /** An answer to another question, then the right one: what somebody else slipped in. */
  | { readonly forged: Answer; readonly next: readonly Answer[] }

const RCODE = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

/** A name server that does as it is told, by `TYPE name`; NXDOMAIN for the rest. UDP and TCP on one port of this machine. */
export async function startNameServer(told: Record<string, Told | (() => Told)>) {
  const asked: string[] = []
  const overTcp: string[] = []
  const udp = createSocket('udp4')
  const tcp = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const query = streamDecode(bytes)
      overTcp.push(keyOf(query))
      const one = find(query)
      socket.end(
        streamEncode(answer(query, typeof one === 'object' && 'truncated' in one ? { answers: one.truncated } : one)!),
      )
    })
  })
  for (;;) {
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
    const { port } = tcp.address() as AddressInfo
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false))
      udp.bind(port, '127.0.0.1', () => resolve(true))
    })
    if (free) break
    await new Promise((resolve) => tcp.close(resolve))
  }
  udp.removeAllListeners('error')
  udp.on('message', (bytes, from) => {
    const query = decode(bytes)
    asked.push(keyOf(query))
    const one = find(query)
    const send = (packet: Buffer | Packet) =>
      udp.send(Buffer.isBuffer(packet) ? packet : encode(packet), from.port, from.address)
    if (one === 'silence') return
    if (one === 'garbage') {
      send(Buffer.from('nonsense'))
      return
    }
    if ('forged' in one) {
      send({ ...answer(query, { answers: [one.forged] })!, id: (query.id! + 1) % 65_536 })
      send({
        ...answer(query, { answers: [one.forged] })!,
        questions: [{ type: 'A', name: 'other.example', class: 'IN' }],
      })
      send(answer(query, { answers: one.next })!)
      return
    }
    if ('truncated' in one) {
      send({ ...answer(query, {})!, flags: (1 << 9) | (1 << 8) | (1 << 7) })
      return
    }
    send(answer(query, one)!)
  })

  const keyOf = (packet: Packet) => `${packet.questions![0]!.type} ${packet.questions![0]!.name.toLowerCase()}`

  function find(query: Packet): Told {
    const one = told[keyOf(query)]
    if (one !== undefined) return typeof one === 'function' ? one() : one
    const name = query.questions![0]!.name.toLowerCase()
    const known = Object.keys(told).some((key) => key.endsWith(` ${name}`))
    return known ? {} : { rcode: 'NXDOMAIN' }
  }

  function answer(query: Packet, one: Told): Packet | null {
    if (typeof one === 'string' || !('rcode' in one || 'answers' in one || Object.keys(one).length === 0)) return null
    const {
      rcode = 'NOERROR',
      answers = [],
      ad = false,
    } = one as { rcode?: keyof typeof RCODE; answers?: Answer[]; ad?: boolean }
    return {
      type: 'response',
      id: query.id!,
      flags: (1 << 8) | (1 << 7) | (ad ? 1 << 5 : 0) | RCODE[rcode],
      questions: query.questions!,
      answers: [...answers],
    }
  }

  return {
    server: `127.0.0.1:${(tcp.address() as AddressInfo).port}`,
    told,
    /** Questions over UDP and TCP, `TYPE name`. */
    asked,
    overTcp,
    async close() {
      udp.close()
      await new Promise((resolve) => tcp.close(resolve))
    },
  }
}
