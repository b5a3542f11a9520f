/** How long a preview takes over HTTP on this machine: 1,000 rules, 20 recipients of every kind, another draft each time. */
import { hashPassword } from '../../server/people/passwords.ts'
import { startGateway } from '../support/gateway.ts'
import { type Row, rowOf } from './row.ts'
import { benchTenant, METHODS, recipientsOf, SENDER } from './tenant.ts'

const RULES = 1_000
const ROUNDS = 9
const REQUESTS = 100
/** What the house allows: a preview follows typing. */
const BUDGET_MS = 50
const SECRET = 'a secret of the bench'
/** Correspondents with keys, and some that nobody knows. */
const RECIPIENTS = [
  ...METHODS.flatMap(recipientsOf),
  ...['nobody', 'someone', 'stranger', 'new'].map((name) => `${name}@elsewhere.example`),
]

export async function* evaluateApi(say: (text: string) => void): AsyncGenerator<Row> {
  using tenant = await benchTenant('http://127.0.0.1:9/sms', RULES)
  const client = { id: 'bench', secretHash: await hashPassword(SECRET), senders: [SENDER], scopes: ['evaluate'] }
  await using gateway = await startGateway({ settings: { tenants: [{ ...tenant.settings, clients: [client] }] } })
  const token = await tokenOf(gateway.url)
  for (let i = 0; i < REQUESTS; i++) await preview(gateway.url, token, i)
  const ours: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = []
    for (let i = 0; i < REQUESTS; i++) {
      const began = performance.now()
      await preview(gateway.url, token, round * REQUESTS + i)
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    ours.push(times[Math.floor(REQUESTS * 0.95)]!)
    say(
      `p50 ${times[REQUESTS / 2]!.toFixed(1)} ms, p95 ${ours.at(-1)!.toFixed(1)} ms, max ${times.at(-1)!.toFixed(1)} ms`,
    )
  }
  yield rowOf(
    { bench: 'evaluate-api', metric: 'preview_p95_ms', unit: 'ms', peer: 'budget', better: 'less' },
    ours,
    ours.map(() => BUDGET_MS),
  )
}

async function tokenOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'bench', client_secret: SECRET }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function preview(url: string, token: string, number: number): Promise<void> {
  const answer = await fetch(`${url}/api/v1/evaluate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      sender: SENDER,
      recipients: RECIPIENTS,
      subject: `Offer ${number} for the gearbox housing`,
      attachments: [
        { name: `offer-${number}.pdf`, size: 180_000, type: 'application/pdf' },
        { name: 'housing.step', size: 34_000_000 },
      ],
      classification: number % 2 === 0 ? 'confidential' : 'internal',
      inReplyTo: [`<${number}@partner.example>`],
    }),
  })
  const verdict = (await answer.json()) as { recipients?: unknown[] }
  if (verdict.recipients?.length !== RECIPIENTS.length) throw new Error(`no preview: ${JSON.stringify(verdict)}`)
}
