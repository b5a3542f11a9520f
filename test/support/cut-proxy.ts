/** Stands between a client and a server and cuts the connection at a word that the client says. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CutProxy {
  readonly port: number
  /** Cuts once, when the client says this: before the server hears it, or when it has answered and nobody is told. */
  cutAt(word: string, when: 'before' | 'after'): void
  /** From now on bytes vanish, and nobody hears of it; false: for new connections they do not. */
  swallow(all: boolean): void
  /** Cuts made so far. */
  cuts(): number
  close(): Promise<void>
}

export async function cutProxy(target: number): Promise<CutProxy> {
  let armed: { word: Buffer; when: 'before' | 'after' } | null = null
  let cuts = 0
  let swallowing = false
  const open = new Set<Socket>()
  const swallowed = new Set<{ now: boolean }>()
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1')
    let deaf = false
    const gone = { now: swallowing }
    swallowed.add(gone)
    const end = () => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        open.delete(socket)
        end()
      })
    }
    client.on('data', (chunk) => {
      if (gone.now) return
      if (armed && chunk.includes(armed.word)) {
        const { when } = armed
        armed = null
        cuts += 1
        if (when === 'before') return end()
        deaf = true
      }
      server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (gone.now) return
      if (deaf) end()
      else client.write(chunk)
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cutAt(word, when) {
      armed = { word: Buffer.from(word), when }
    },
    swallow(all) {
      swallowing = all
      if (all) for (const connection of swallowed) connection.now = true
    },
    cuts: () => cuts,
    async close() {
      for (const socket of open) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
