import { spawn } from 'node:child_process'

export interface Generated {
  readonly port: number
  readonly connections: number
  readonly bytes: number
  readonly count: number
  /** One message per connection. */
  readonly reconnect?: boolean
  readonly from: string
  readonly to: string
}

/** Postfix's own load generator (smtp-source): C, and nobody's of those that are compared. Rejects when a mail is refused. */
export function generate({ port, connections, bytes, count, reconnect = false, from, to }: Generated): Promise<void> {
  const options = [
    ...(reconnect ? [] : ['-d']),
    ...['-s', String(connections), '-l', String(bytes), '-m', String(count)],
    ...['-f', from, '-t', to, `127.0.0.1:${port}`],
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('smtp-source', options, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    child.once('error', reject)
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`smtp-source: ${said || status}`))))
  })
}
