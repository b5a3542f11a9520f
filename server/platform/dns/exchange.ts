import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIP } from 'node:net'
import { type Answer, decode, encode, type Packet, streamDecode, streamEncode } from 'dns-packet'

export interface Question {
  readonly name: string
  readonly type: 'MX' | 'A' | 'AAAA' | 'TXT' | 'TLSA' | 'PTR'
}

export interface Server {
  readonly address: string
  readonly port: number
}

/** What one server answered. */
export interface Response {
  readonly rcode: string
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly authenticated: boolean
}

/** RFC 9715: fits every path in use, so that no answer comes in IP fragments. */
const UDP_BYTES = 1_232
/** A message over TCP is at most so long. */
const TCP_BYTES = 65_537

/** The types of dns-packet know neither of these flags of its own results. */
type Decoded = Packet & { rcode?: string; flag_ad?: boolean; flag_tc?: boolean; flag_qr?: boolean }

/**
 * Asks one server: UDP from a random port with a random id, TCP when the answer is cut. Rejects when nothing that fits the
 * question came within `ms`. What does not fit (another id, name, type, or no DNS at all) is passed over on UDP, because
 * anybody can send it.
 */
export async function exchange(server: Server, question: Question, ms: number): Promise<Response> {
  const began = performance.now()
  const packet = await overUdp(server, question, ms)
  if (!packet.flag_tc) return read(packet)
  return read(await overTcp(server, question, Math.max(1, ms - (performance.now() - began))))
}

function query({ name, type }: Question, id: number): Packet {
  return {
    type: 'query',
    id,
    // RD and AD: recursion, and the wish to hear whether the answer was validated (RFC 6840 5.7).
    flags: (1 << 8) | (1 << 5),
    questions: [{ type: type as 'A', name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_BYTES,
        flags: 1 << 15,
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: true,
        options: [],
      },
    ],
  }
}

function overUdp(server: Server, question: Question, ms: number): Promise<Decoded> {
  const id = randomInt(65_536)
  const socket = createSocket(isIP(server.address) === 6 ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    let over = false
    const end = (act: () => void) => {
      if (over) return
      over = true
      clearTimeout(timer)
      socket.close()
      act()
    }
    const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), ms)
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('message', (bytes) => {
      const packet = fitting(bytes, id, question)
      if (packet) end(() => resolve(packet))
    })
    // Connected: the system drops what others send to our port.
    socket.connect(server.port, server.address, () => {
      if (!over) socket.send(encode(query(question, id)))
    })
  })
}

function overTcp(server: Server, question: Question, ms: number): Promise<Decoded> {
  const id = randomInt(65_536)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port })
    const chunks: Buffer[] = []
    let size = 0
    const end = (act: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      act()
    }
    const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), ms)
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('close', () => end(() => reject(new Error('hung up'))))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      size += chunk.length
      const all = size >= 2 ? Buffer.concat(chunks) : null
      if (!all || size < all.readUInt16BE(0) + 2) {
        if (size > TCP_BYTES) end(() => reject(new Error('too long')))
        return
      }
      const packet = fitting(all, id, question, true)
      end(() => (packet ? resolve(packet) : reject(new Error('not an answer to the question'))))
    })
    socket.write(streamEncode(query(question, id)))
  })
}

/** The packet when it answers this question under this id; null for anything else. */
export function fitting(bytes: Buffer, id: number, question: Question, stream = false): Decoded | null {
  try {
    const packet = (stream ? streamDecode(bytes) : decode(bytes)) as Decoded
    const [asked, ...more] = packet.questions ?? []
    if (packet.id !== id || packet.type !== 'response' || more.length > 0 || !asked) return null
    return plainName(asked.name) === plainName(question.name) && asked.type === question.type ? packet : null
  } catch {
    return null
  }
}

function read(packet: Decoded): Response {
  return {
    rcode: packet.rcode ?? 'SERVFAIL',
    answers: packet.answers ?? [],
    authorities: packet.authorities ?? [],
    authenticated: packet.flag_ad === true,
  }
}

export function plainName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase()
}
