// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${file:...} is our own syntax for references
import { z } from 'zod'
import { Role, Scope } from '../../shared/contract/identity.ts'
import { parseForeignMapping, writeForeignMapping } from '../../shared/words/foreign/document.ts'
import type { ForeignProduct } from '../../shared/words/foreign/mapping.ts'
import { FOREIGN_PRODUCTS } from '../../shared/words/foreign/products.ts'
import { TOKEN_ALGORITHMS } from '../../shared/words/token-algorithms.ts'
import { inboundSchema } from './inbound-schema.ts'
import { revocationSchema } from './revocation-schema.ts'
import { arcSchema, dkimSchema, dkimWhen } from './signing-schema.ts'
import { smimeSchema } from './smime-schema.ts'
import { domain, domainPattern, duration, exactUrl, network, route, sharedSecret, tenantName, url } from './values.ts'

/** A path is resolved against the folder of the file it stands in, or the working directory when it came from the environment. */
export const path = () => z.string().min(1).meta({ path: true })

const name = () => z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'not a name: lower-case letters, digits and hyphens')

const relay = z.strictObject({
  name: name().describe('Stands in the audit as what vouched for the sender.'),
  cidr: z.array(network()).min(1).describe('Where the relay connects from.'),
})

const clientCertificate = z.strictObject({
  name: name().describe('Stands in the audit as what vouched for the sender.'),
  fingerprint: z
    .string()
    .regex(/^[0-9a-fA-F:]{64,95}$/, 'not a SHA-256 fingerprint')
    .transform((text) => text.replaceAll(':', '').toLowerCase())
    .describe('SHA-256 of the certificate, hex.'),
  senders: z.array(z.string()).default([]).describe('Addresses, or `@domain`; empty: every domain of the tenant.'),
})

const archive = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('smtp'),
    to: z.email().describe('Journal mailbox.'),
    route: z.string().default('').describe('A name in `routes`; empty for the default relay.'),
  }),
  z.strictObject({
    kind: z.literal('blobs'),
    retention: duration().describe('How long nothing can be deleted, e.g. `10y`.'),
  }),
])

const endpoint = z.strictObject({
  url: url('https', 'http').describe('Called by POST.'),
  secret: sharedSecret().describe('Key of the signature (Standard Webhooks).'),
  allowPrivate: z.boolean().default(false).describe('May lead to an internal address.'),
})

type Template = string | number | boolean | null | Template[] | { [key: string]: Template }
const template: z.ZodType<Template> = z.json()

const sms = z.strictObject({
  kind: z.literal('http'),
  url: url('https', 'http').describe('May hold {to}, {text} and {key}.'),
  method: z.enum(['GET', 'POST', 'PUT']).default('POST').describe('Method of the call.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with each call, e.g. `authorization`.'),
  json: template.optional().describe('JSON body; {to}, {text} and {key} are filled into its strings.'),
  form: z.record(z.string(), z.string()).optional().describe('Form body, in place of `json`.'),
  timeout: duration().prefault('10s').describe('How long to wait for an answer.'),
})

const client = z.strictObject({
  id: z.string().min(1).max(200).describe('Client id.'),
  secretHash: z.string().startsWith('$argon2id$', 'not an argon2id hash').describe('argon2id of the client secret.'),
  senders: z.array(z.string()).default([]).describe('May send as these: addresses, or `@domain`.'),
  scopes: z.array(Scope).default([]).describe('What the client may do.'),
  roles: z.array(Role).default([]).describe('Roles it holds.'),
})

const ENTRA = 'https://login.microsoftonline.com'

/** Keys that say who somebody is come by TLS, or from this very machine. */
function isGuarded(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

const issuer = z
  .strictObject({
    issuer: exactUrl('https', 'http').optional().describe('`iss` of the tokens, exactly; follows from `directory`.'),
    audience: z.string().min(1).describe('`aud` of the tokens; of Entra, the client id of the API.'),
    jwksUri: exactUrl('https', 'http').optional().describe('Where the public keys are; follows from `directory`.'),
    algorithms: z
      .array(z.enum(TOKEN_ALGORITHMS))
      .min(1)
      .optional()
      .describe('Accepted signature algorithms; RS256, ES256 and EdDSA when left out.'),
    addressClaim: z
      .string()
      .optional()
      .describe(
        'Claim with the address of the user, one that users cannot choose themselves; `preferred_username` when left out. `email` counts only with `email_verified`.',
      ),
    directory: z.guid().optional().describe('Entra: directory (tenant) id. Users are then known by `oid` and `tid`.'),
    scope: z
      .string()
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not one scope (RFC 6749 3.3)')
      .optional()
      .describe('Scope that the tokens have to carry (`scp` or `scope`); `access_as_user` with `directory`.'),
    clients: z
      .array(z.string().min(1))
      .default([])
      .describe('Clients whose tokens count (`azp` or `client_id`), beside that of `addIn`; every one when empty.'),
    addIn: z
      .strictObject({
        clientId: z.string().min(1).describe('Client id of the add-in: a public client.'),
        scope: z
          .string()
          .min(1)
          .describe('What it asks for: `openid` and more, or with Entra `api://<host>/<client id>/access_as_user`.'),
        resource: z.string().min(1).optional().describe('Resource indicator (RFC 8707), where the provider wants one.'),
      })
      .optional()
      .describe('Users of the Outlook add-in sign in here ([sign-in.md](../addin/sign-in.md)).'),
  })
  .transform(({ issuer: named, jwksUri, directory, scope, ...rest }, context) => {
    const base = directory === undefined ? null : `${ENTRA}/${directory.toLowerCase()}`
    const iss = named ?? (base && `${base}/v2.0`)
    const keys = jwksUri ?? (base && `${base}/discovery/v2.0/keys`)
    if (iss === null || keys === null) {
      context.addIssue('name issuer and jwksUri, or the directory of Entra')
      return z.NEVER
    }
    if (!isGuarded(keys)) context.addIssue('jwksUri: https:, or whoever is on the way is everybody')
    const wanted = scope ?? (base ? 'access_as_user' : undefined)
    if (wanted === undefined && rest.audience === rest.addIn?.clientId)
      context.addIssue('name the scope: ID tokens of the add-in have this audience, too')
    return { ...rest, issuer: iss, jwksUri: keys, directory, ...(wanted === undefined ? {} : { scope: wanted }) }
  })

const subjectTag = z.strictObject({
  tag: z.string().min(1).describe('As typed, with its brackets.'),
  place: z.enum(['anywhere', 'start', 'end', 'start-or-end']).default('start-or-end').describe('Where it counts.'),
  caseSensitive: z.boolean().default(false).describe('Whether case matters.'),
  protection: z.string().optional().describe('What it stands for, as in X-Secflow-Protection.'),
  classification: z.string().optional().describe('Label it stands for.'),
})

const EMPTY_MAPPING = writeForeignMapping([])

const foreignIntent = z.strictObject({
  products: z
    .array(z.enum(FOREIGN_PRODUCTS.map(({ product }) => product) as [string, ...string[]]))
    .default([])
    .describe('Gateways whose headers, subject tags and forms of recipient addresses count, too.'),
  mapping: z
    .string()
    .transform(readMapping)
    .prefault(EMPTY_MAPPING)
    .describe(
      'Own forms: the text of a file of kind ForeignIntent, e.g. `${file:foreign-intent.yaml}`. A product of a shipped name takes its place.',
    ),
  labels: z
    .record(z.string().max(100), z.string().max(63))
    .default({})
    .describe('Label GUIDs (Microsoft) and markings to the label they stand for.'),
  unsafe: z
    .boolean()
    .default(false)
    .describe(
      'Forms that give a secret away count as meant; otherwise the safest form near to them. Both are warned of.',
    ),
})

function readMapping(text: string, context: z.RefinementCtx): readonly ForeignProduct[] {
  try {
    return parseForeignMapping(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not a ForeignIntent' })
    return z.NEVER
  }
}

const trustRoot = z.strictObject({
  id: z.string().min(1).max(200).describe('Who holds the key: the address or subject they sign in with.'),
  publicKey: z
    .string()
    .refine((text) => text.includes('-----BEGIN PUBLIC KEY-----'), 'not PEM: write ${file:policy-key.pub.pem}')
    .describe('Ed25519 public key, PEM: `${file:policy-key.pub.pem}`.'),
})

const lists = z.strictObject({
  directory: path().optional().describe('Folder below which `from: {file: ...}` looks.'),
  hosts: z
    .array(
      z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'not a host such as lists.corp.example or lists.corp.example:8443'),
    )
    .default([])
    .describe('Hosts that `from: {http: ...}` may name; always by https.'),
  ca: z.string().optional().describe("CA certificates trusted beside the system's, PEM: `${file:ca.pem}`."),
  ldap: z
    .record(
      name(),
      z.strictObject({
        url: url('ldaps', 'ldap').describe('`ldaps://host`, or `ldap://host`, which begins with StartTLS.'),
        bindDn: z.string().optional().describe('Who asks; anonymous without.'),
        password: z.string().optional().describe('Its password: `${file:ldap-password}`.'),
      }),
    )
    .default({})
    .describe('Directories that `from: {ldap: {server: ...}}` may name.'),
})

export const tenantSchema = z.strictObject({
  id: tenantName().describe('Stands in rows, paths and log lines; never changes.'),
  name: z.string().min(1).describe('As recipients read it.'),
  domains: z.array(domain()).min(1).describe("The tenant's own mail domains; the gateway writes from the first."),
  language: z.enum(['de', 'en']).default('en').describe('Language of notices where the person has none.'),
  policyDir: path().optional().describe('Policy directory; the top-level `policyDir` when left out.'),
  policyTrust: z
    .array(trustRoot)
    .default([])
    .describe('Who may sign policy bundles; with one named, an unsigned bundle is refused.'),
  policyTwoPersons: z
    .boolean()
    .default(false)
    .describe('Whoever applies a bundle has to be somebody else than whose key signed it.'),
  lists: lists.prefault({}).describe('What lists of a policy may come from outside: nothing by default.'),
  people: path().optional().describe('Facts file: users, correspondents, keys (see `secflow protect --facts`).'),
  relays: z.array(relay).default([]).describe("Mail servers whose word counts for the tenant's sender domains."),
  clientCertificates: z.array(clientCertificate).default([]).describe('Peers known by their TLS certificate.'),
  routes: z
    .record(name(), route())
    .default({})
    .describe(
      "Named next hops: `smtp://host:25?tls=verified&connections=5`, more hosts with `&with=` and `&then=`; `mx:` for those of the recipient's domain.",
    ),
  routeByDomain: z
    .record(domainPattern(), z.union([name(), z.literal('')]))
    .default({})
    .describe('Route by recipient domain (`partner.example`, `*.example`, `*`) where the policy chooses none.'),
  dkim: dkimSchema,
  dkimWhen,
  arc: arcSchema,
  authentication: z
    .strictObject({
      always: z
        .boolean()
        .default(false)
        .describe(
          "Verify every stranger's mail (SPF, DKIM, DMARC, ARC) and say so in Authentication-Results; else only where a rule asks.",
        ),
    })
    .prefault({})
    .describe("What strangers' domains say of their mail."),
  inbound: inboundSchema,
  smime: smimeSchema,
  revocation: revocationSchema,
  loopRoutes: z
    .array(z.union([name(), z.literal('')]))
    .default([])
    .describe(
      "Routes to the tenant's own mail servers that may send a mail back (`''`: the default relay); they get `X-Secflow-Loop` ([exchange-online.md](exchange-online.md)).",
    ),
  archive: z.record(name(), archive).default({}).describe('Archives that the policy can name.'),
  webhooks: z.record(name(), endpoint).default({}).describe('Webhooks for incidents that the policy can name.'),
  apis: z.record(name(), endpoint).default({}).describe('Endpoints that take over a whole message.'),
  sms: sms.optional().describe('SMS provider; without it no code or password goes by SMS.'),
  clients: z.array(client).default([]).describe('Systems that call the API.'),
  issuers: z.array(issuer).default([]).describe('Identity providers whose access tokens count.'),
  offlinePreview: z
    .boolean()
    .default(true)
    .describe(
      'Outlook keeps the policy for previews without a connection; users can then read its rules and lists ([sign-in.md](../addin/sign-in.md)).',
    ),
  subjectTags: z.array(subjectTag).default([]).describe('Tags in the subject that stand for an intent.'),
  foreignIntent: foreignIntent
    .prefault({})
    .describe("Other gateways' headers, subject tags and forms of addresses, for clients that still send them."),
  disclaimer: z
    .strictObject({
      text: z.string().describe('Plain text.'),
      html: z.string().optional().describe('HTML form.'),
    })
    .optional()
    .describe('Text that a policy may add without spelling it out.'),
  fileLink: z
    .strictObject({
      expires: duration().prefault('14d').describe('Life of a link where the policy does not say.'),
      access: z
        .enum(['link', 'link-code', 'password', 'portal', 'portal-2fa'])
        .default('link-code')
        .describe('Proof asked of the recipient where the policy does not say.'),
    })
    .prefault({})
    .describe('Defaults of FileLink.'),
})
