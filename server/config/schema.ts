// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${file:...} is our own syntax for references
import { z } from 'zod'
import { readBlobsUrl } from './blobs-url.ts'
import { readDatabaseUrl } from './database-url.ts'
import { path, tenantSchema } from './tenant-schema.ts'
import { domain, duration, masterSecret, nameServer, network, route, size, url } from './values.ts'

const port = (fallback: number) => z.int().min(0).max(65_535).default(fallback)
const pem = (what: string) =>
  z.string().refine((text) => text.includes('-----BEGIN '), `not PEM: write \${file:${what}.pem}`)

const database = z
  .string()
  .meta({ path: 'url' })
  .transform((text, context) => {
    const place = readDatabaseUrl(text)
    if (typeof place !== 'string') return place
    context.addIssue(place)
    return z.NEVER
  })

const blobs = z
  .string()
  .meta({ path: 'url' })
  .transform((text, context) => {
    const place = readBlobsUrl(text)
    if (typeof place !== 'string') return place
    context.addIssue(place)
    return z.NEVER
  })

/** The whole of secflow.yaml, without what depends on other settings (`resolve.ts`). */
export const configSchema = z.strictObject({
  dataDir: path().default('./data').describe('Everything that Secflow writes is in here.'),
  policyDir: path().optional().describe('Policy directory of tenants that name none.'),
  demo: z.boolean().default(false).describe('Seeds the demo tenant. Never in production.'),
  demoSink: url('https', 'http')
    .default('http://127.0.0.1:2580')
    .describe("Where the demo tenant's text messages (`/sms`) and incidents (`/incidents`) go."),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe line that is written.'),
  http: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: port(8080).describe('API, portal, add-in.'),
      publicUrl: url('https', 'http')
        .optional()
        .describe('Base of every link in a mail; from host and port when left out.'),
      trustProxy: z.array(network()).default([]).describe('Reverse proxies whose X-Forwarded headers count.'),
    })
    .prefault({})
    .describe('HTTP for the world.'),
  addin: z
    .strictObject({
      id: z
        .guid()
        .optional()
        .describe('GUID of the add-in; made from `http.publicUrl` when left out. Set it before that changes.'),
      supportUrl: url('https', 'http')
        .optional()
        .describe('Where the manifest sends users for help; a page of its own when left out.'),
    })
    .prefault({})
    .describe('Outlook add-in ([install.md](../addin/install.md)).'),
  admin: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: port(8081).describe('`/metrics`, health, profiling.'),
    })
    .prefault({})
    .describe("The operator's port; keep it inside."),
  smtp: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: port(2525).describe('Submission and relay.'),
      hostname: z.string().default('localhost').describe('Name in the greeting, in Received and in EHLO to next hops.'),
      tls: z
        .strictObject({
          cert: pem('cert').describe('Certificate and chain, PEM: `${file:tls/cert.pem}`.'),
          key: pem('key').describe('Private key, PEM: `${file:tls/key.pem}`.'),
          ca: pem('ca').optional().describe('Authorities of client certificates, PEM.'),
        })
        .nullable()
        .default(null)
        .describe('STARTTLS; null offers none.'),
      requireTls: z.boolean().default(false).describe('Refuse mail without TLS, the loopback interface excepted.'),
      maxSize: size().prefault('200MB').describe('Largest message, as received.'),
      maxRecipients: z.int().min(1).max(100_000).default(1000).describe('Recipients in one transaction.'),
      maxConnections: z
        .int()
        .min(1)
        .max(100_000)
        .default(500)
        .describe("Sessions at once; a tenth is kept for tenants' relays and `trusted` networks."),
      proxyFrom: z
        .array(network())
        .default([])
        .describe(
          'Load balancers that announce the client with the PROXY protocol, version 1 or 2; all of theirs must.',
        ),
      trusted: z.array(network()).default(['127.0.0.0/8', '::1']).describe('Networks without limits by peer.'),
      perPeer: z
        .strictObject({
          connections: z.int().min(0).max(100_000).default(100).describe('Sessions at once.'),
          messages: z.int().min(0).max(1_000_000).default(300).describe('Messages in a minute.'),
          recipients: z.int().min(0).max(1_000_000).default(3_000).describe('Recipients in a minute.'),
          failedSignIns: z.int().min(0).max(1_000_000).default(30).describe('In ten minutes.'),
          refusedRecipients: z.int().min(0).max(1_000_000).default(50).describe('In ten minutes.'),
        })
        .prefault({})
        .describe('What one IPv4 address or one IPv6 /64 may do; 0 is no limit ([smtp.md](smtp.md)).'),
      allowPlainAuthFrom: z
        .array(
          network().refine(
            (text) => /^(127\.|::1(\/128)?$)/.test(text),
            'AUTH without TLS is taken from this machine only',
          ),
        )
        .default(['127.0.0.0/8', '::1'])
        .describe('Where AUTH without TLS is taken from: loopback addresses, or `[]` for nowhere.'),
    })
    .prefault({})
    .describe('SMTP in.'),
  relay: z
    .strictObject({
      url: route().prefault('smtp://127.0.0.1:2526').describe('Next hop for what no route takes.'),
    })
    .prefault({})
    .describe('SMTP out.'),
  delivery: z
    .strictObject({
      ownNames: z
        .array(domain())
        .default([])
        .describe(
          'Names of this installation among the MX of a domain, beside `smtp.hostname`: mail never goes back to them.',
        ),
      ownAddresses: z
        .array(network().refine((text) => !text.includes('/'), 'not one address'))
        .default([])
        .describe('Its addresses that this machine does not have itself (behind translation, other nodes).'),
      ca: pem('ca').optional().describe("Authorities of next hops' certificates, PEM; the usual ones when left out."),
      tlsReports: z
        .email()
        .optional()
        .describe(
          'Contact address of a tenant in the daily reports on TLS (RFC 8460), which then go to the domains that ask for them.',
        ),
      warnAfter: duration().prefault('4h').describe('A sender is told that his mail is late, after so long.'),
      giveUpAfter: duration()
        .prefault('5d')
        .describe('Mail that its next hop did not take for so long is returned to its sender (RFC 5321 4.5.4.1).'),
    })
    .prefault({})
    .describe('SMTP out: who we are, whom we trust, how long we try.'),
  dns: z
    .strictObject({
      servers: z
        .array(nameServer())
        .default([])
        .describe("Name servers: `127.0.0.1`, `[::1]:5353`; the system's own when left out."),
      validating: z
        .boolean()
        .default(false)
        .describe('They validate DNSSEC and nobody sits between them and us: their word counts, and DANE is on.'),
    })
    .prefault({})
    .describe('Look-ups for delivery.'),
  documents: z
    .strictObject({
      workers: z
        .int()
        .min(1)
        .max(64)
        .optional()
        .describe('Threads that draw pages of PDFs at the same time; one for each core when left out.'),
      timeout: duration().prefault('15s').describe('For one attempt to draw a mail.'),
      memoryMb: z.int().min(64).max(4096).default(256).describe('Heap of each thread, MB.'),
      chromium: z
        .strictObject({
          command: z.string().min(1).describe('Path of the program, such as `/usr/bin/chromium`.'),
          timeout: duration().prefault('20s').describe('For one mail; then the built-in layout draws it.'),
          sandbox: z
            .boolean()
            .default(true)
            .describe("Chromium's own. Off only where the server runs as root in a container of its own."),
        })
        .optional()
        .describe(
          'Prints the HTML of mails in place of the built-in layout ([pdf.md](pdf.md)); not used when left out.',
        ),
    })
    .prefault({})
    .describe('Pages of encrypted PDFs.'),
  database: z
    .strictObject({
      url: database
        .optional()
        .describe(
          '`sqlite:<file>`, or `postgres://user@host/database?sslmode=verify-full` ([postgres.md](postgres.md)); `<dataDir>/secflow.db` when left out.',
        ),
      password: z.string().min(1).optional().describe('Of PostgreSQL: `${file:secrets/database}`.'),
      ca: pem('database-ca')
        .optional()
        .describe("Authority of the PostgreSQL server's certificate, PEM; the system's when left out."),
      connections: z.int().min(2).max(200).default(10).describe('To PostgreSQL, for changes; half as many more read.'),
    })
    .prefault({})
    .describe('Where records are.'),
  blobs: z
    .strictObject({
      url: blobs
        .optional()
        .describe(
          '`file:<directory>`, or `s3://bucket/prefix?endpoint=https://...&region=...` ([s3.md](s3.md)); `<dataDir>/blobs` when left out.',
        ),
      accessKeyId: z
        .string()
        .min(1)
        .optional()
        .describe('Of S3; when left out, what the AWS variables or the role of the machine give.'),
      secretAccessKey: z.string().min(1).optional().describe('Of S3: `${file:secrets/s3}`.'),
      ca: pem('s3-ca')
        .optional()
        .describe("Authority of the S3 endpoint's certificate, PEM; the system's when left out."),
      reserve: size().prefault('1GB').describe('Mail is refused for now (452) rather than leave less space free.'),
    })
    .prefault({})
    .describe('Where messages and files are.'),
  secrets: z
    .strictObject({
      master: masterSecret().describe('32 random bytes that every key of the installation derives from. Back it up.'),
    })
    .describe('Secrets; write them as `${file:...}`.'),
  policyReplay: z
    .strictObject({
      days: z
        .int()
        .min(0)
        .max(3650)
        .default(90)
        .describe('How long the facts of a mail (addresses, subject, sizes; no words) are kept for it; 0 keeps none.'),
    })
    .prefault({})
    .describe('Replay of past mail against a new policy.'),
  tenants: z.array(tenantSchema).default([]).describe('Organisations served; nothing crosses between them.'),
})

export type Settings = z.output<typeof configSchema>
