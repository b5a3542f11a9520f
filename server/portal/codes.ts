/**
 * One-time codes. What protects them stands in the database and holds on every node: eight digits, ten minutes, five tries a
 * code, and at most five codes in a row, each within an hour of the one before. Guessing meets 25 tries in 10^8 an hour.
 */
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import type { CodeRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { TenantReads } from '../ports/store.ts'
import { type Factor, nextFactor, type OpenLink, record, refuse } from './links.ts'
import type { PortalWords } from './pages/words.ts'
import type { PortalServices } from './services.ts'

const DIGITS = 8
const LIFETIME = 10 * 60_000
const TRIES = 5
const RUN_LENGTH = 5
const RUN_GAP = 60 * 60_000
const PAUSE = 20_000

type Channel = CodeRecord['channel']
const channelOf = (factor: Factor): Channel => (factor === 'code' ? 'mail' : 'sms')

/**
 * Sends a code for the next factor. Raises `factor-missing` when it is not this factor's turn, `phone-missing`, and
 * `rate-limited` while the last code is fresh or the run is used up; refusals are audited.
 */
export async function sendCode(
  services: PortalServices,
  link: OpenLink,
  factor: Factor,
  proved: readonly Factor[],
  words: PortalWords,
): Promise<void> {
  const { tenant, grant } = link
  if (nextFactor(grant.access, proved) !== factor)
    return refuse(services, link, new Fault('factor-missing'), { factor })
  if (factor === 'sms' && !grant.phone) return refuse(services, link, new Fault('phone-missing'), { factor })
  const now = services.clock.now()
  const code = randomInt(10 ** DIGITS)
    .toString()
    .padStart(DIGITS, '0')

  const issued = await services.store.tenant(tenant).write(async (tx) => {
    const place = await placeInRun(tx, grant.id, channelOf(factor), now)
    if (place === null) return null
    const id = codeId(grant.id, channelOf(factor), now, place)
    await tx.insertCode({
      id,
      grant: grant.id,
      channel: channelOf(factor),
      codeHash: codeHash(services, tenant, id, code),
      expiresAt: now + LIFETIME,
      attempts: 0,
      usedAt: null,
    })
    return id
  })
  if (issued === null) return refuse(services, link, new Fault('rate-limited'), { factor })

  if (factor === 'sms')
    await services.sendSms(tenant, { to: grant.phone!, text: words.codeSms(spaced(code)), key: issued })
  else
    await services.sendMail(tenant, {
      to: grant.recipient,
      subject: words.codeMailSubject,
      text: words.codeMail(link.message.envelope.mailFrom, spaced(code)),
      key: issued,
    })
  await record(services, link, 'link.code-sent', { factor })
}

/**
 * Tries a code as it was typed. Each try is counted in the transaction that judges it, so that parallel tries share the limit.
 * Raises `factor-missing`, `code-wrong`, `code-attempts-exhausted`; audited, as is success.
 */
export async function verifyCode(
  services: PortalServices,
  link: OpenLink,
  factor: Factor,
  proved: readonly Factor[],
  typed: string,
): Promise<void> {
  const { tenant, grant } = link
  if (nextFactor(grant.access, proved) !== factor)
    return refuse(services, link, new Fault('factor-missing'), { factor })
  const now = services.clock.now()
  const digits = typed.replace(/[\s-]/g, '').slice(0, 32)

  const verdict = await services.store.tenant(tenant).write(async (tx) => {
    const sent = await tx.code(grant.id, channelOf(factor))
    if (!sent || sent.expiresAt <= now) return 'code-wrong'
    if (sent.attempts >= TRIES) return 'code-attempts-exhausted'
    const wanted = Buffer.from(sent.codeHash, 'hex')
    const right = timingSafeEqual(wanted, Buffer.from(codeHash(services, tenant, sent.id, digits), 'hex'))
    const attempts = sent.attempts + 1
    if (!(await tx.updateCode(sent.id, right ? { attempts, usedAt: now } : { attempts }))) return 'code-wrong'
    if (right) return 'right'
    return attempts >= TRIES ? 'code-attempts-exhausted' : 'code-wrong'
  })
  if (verdict !== 'right') return refuse(services, link, new Fault(verdict), { factor })
  await record(services, link, 'link.code-verified', { factor })
}

/**
 * Place of a new code in its run, from 1, or null when none may be sent now. The newest unused code says where the run stands:
 * a code's id carries when it was sent and its place, so that two nodes that send at once meet at the unique id.
 */
async function placeInRun(tx: TenantReads, grant: string, channel: Channel, now: number): Promise<number | null> {
  const last = await tx.code(grant, channel)
  if (!last) return 1
  const sentAt = last.expiresAt - LIFETIME
  if (now - sentAt >= RUN_GAP) return 1
  const place = Number(last.id.slice(last.id.lastIndexOf('.') + 1))
  return now - sentAt < PAUSE || place >= RUN_LENGTH ? null : place + 1
}

const codeId = (grant: string, channel: Channel, sentAt: number, place: number) =>
  `${grant}.${channel}.${String(sentAt).padStart(14, '0')}.${place}`

/** Bound to the code's id, and so to grant and channel: a code proves nothing elsewhere. */
function codeHash(services: PortalServices, tenant: TenantId, id: string, code: string): string {
  return createHmac('sha256', services.secrets.macKey(tenant)).update(`secflow code v1\0${id}\0${code}`).digest('hex')
}

const spaced = (code: string) => `${code.slice(0, DIGITS / 2)} ${code.slice(DIGITS / 2)}`
