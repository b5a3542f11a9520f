import { lookup } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import type { Config } from '../../server/config.ts'
import type { Route } from '../../server/ports/transport.ts'
import { error, type Finding, ok, reason, warning } from './finding.ts'

const PATIENCE_MS = 3_000

/** The three ports are free, or a Secflow that runs already has them. */
export async function checkPorts(config: Config): Promise<Finding[]> {
  const { http, admin, smtp } = config
  return Promise.all([
    checkPort('http', http.host, http.port, () => answersHttp(http.host, http.port, '/healthz')),
    checkPort('admin', admin.host, admin.port, () => answersHttp(admin.host, admin.port, '/metrics', 'secflow_')),
    checkPort('smtp', smtp.host, smtp.port, async () => {
      const greeting = await firstLine(smtp.host, smtp.port)
      return greeting.startsWith(`220 ${smtp.hostname} `) || greeting.startsWith(`220-${smtp.hostname} `)
    }),
  ])
}

async function checkPort(name: string, host: string, port: number, ours: () => Promise<boolean>): Promise<Finding> {
  const check = `port ${name}`
  const where = `${host}:${port}`
  const taken = await new Promise<string | null>((resolve) => {
    const server = createServer()
    server.once('error', (thrown) => resolve(reason(thrown)))
    server.listen(port, host, () => server.close(() => resolve(null)))
  })
  if (taken === null) return ok(check, `${where} is free`)
  if (taken === 'EADDRINUSE') {
    if (await ours().catch(() => false)) return ok(check, `Secflow listens on ${where}`)
    return error(check, `${where} is taken by another program`, `stop it, or set ${name}.port`)
  }
  if (taken === 'EACCES') {
    return error(check, `${where} may not be listened on`, `a port above 1023 in ${name}.port, or CAP_NET_BIND_SERVICE`)
  }
  return error(check, `${where} cannot be listened on (${taken})`, `an address of this machine in ${name}.host`)
}

async function answersHttp(host: string, port: number, path: string, word = ''): Promise<boolean> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}${path}`
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
  return response.ok && (await response.text()).includes(word)
}

/** Each next hop has an address and greets. */
export async function checkRoutes(config: Config): Promise<Finding[]> {
  const routes = new Map<string, Route>([['relay', config.relay]])
  for (const tenant of config.tenants) {
    for (const [name, route] of Object.entries(tenant.routes))
      if (name !== '') routes.set(`route ${tenant.id}/${name}`, route)
  }
  return Promise.all([...routes].flatMap(([check, route]) => hostsOf(route).map((one) => checkRoute(check, one))))
}

/** Hosts that the operator wrote down; those of recipients' domains are not known beforehand. */
function hostsOf({ host, port, tls, mx, others = [] }: Route): Pick<Route, 'host' | 'port' | 'tls'>[] {
  return mx ? [] : [{ host, port }, ...others].map((one) => ({ host: one.host, port: one.port, tls }))
}

async function checkRoute(check: string, { host, port, tls }: Pick<Route, 'host' | 'port' | 'tls'>): Promise<Finding> {
  let address: string
  try {
    address = (await lookup(host)).address
  } catch (thrown) {
    return error(
      check,
      `${host} has no address (${reason(thrown)})`,
      'correct the name, or the resolver of this machine',
    )
  }
  const where = `${host}:${port} (${address})`
  try {
    // With TLS from the start there is no greeting to read without a handshake.
    const greeting = await firstLine(address, port, tls === 'implicit')
    if (tls !== 'implicit' && !greeting.startsWith('220')) {
      return warning(check, `${where} greets with: ${greeting.slice(0, 80)}`, 'mail waits until it takes connections')
    }
    return ok(check, `${where} answers`)
  } catch (thrown) {
    return warning(
      check,
      `${where} does not answer (${reason(thrown)})`,
      'start it, or open the firewall; mail waits until then',
    )
  }
}

/** First line a server sends; '' at once with `connectOnly`. Rejects when it does not come in time. */
function firstLine(host: string, port: number, connectOnly = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host, port })
    let text = ''
    const end = (act: () => void) => {
      socket.destroy()
      act()
    }
    socket.setTimeout(PATIENCE_MS, () => end(() => reject(new Error('no greeting in time'))))
    socket.once('error', (thrown) => end(() => reject(thrown)))
    socket.once('close', () => reject(new Error('closed without a greeting')))
    if (connectOnly) socket.once('connect', () => end(() => resolve('')))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.includes('\n') || text.length > 1000) end(() => resolve(text.split(/\r?\n/, 1)[0]!))
    })
  })
}
