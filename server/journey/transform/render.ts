import type {
  CopyPlan,
  GrantRecord,
  LinkFileRecord,
  Method,
  RecipientDecision,
  Step,
} from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import { outerFields } from '../../mime/content-of.ts'
import type { Entity, HeaderField } from '../../mime/entity.ts'
import { sevenBitSafe } from '../../mime/to7bit.ts'
import { messageOf } from '../../mime/write.ts'
import { findRoute } from '../route-of.ts'
import { carryPortal } from './carry-portal.ts'
import { editedContent } from './content.ts'
import type { LinkFiles } from './link-files.ts'
import type { Draft, MailInHand, RenderedCopy, SecretForPerson, Tools } from './mail.ts'
import { describePgpEncryption, describePgpSignature, pgpEncryptEntity, pgpSignEntity } from './openpgp/index.ts'
import { smimeEncrypted, smimeOf, smimeSigned, withProtectedHeader } from './protect-smime.ts'
import { mimeVersion, outgoingSubject, rewriteHeader, withSubject } from './rewrite.ts'

/** The policy's copies, split where a copy carries a secret of one recipient (docs/decisions/0015). */
export function copiesOf(
  mail: MailInHand,
  wanted: ReadonlySet<string>,
): { readonly plan: CopyPlan; readonly recipients: RecipientDecision[] }[] {
  return mail.decision.copies.flatMap((plan) => {
    const recipients = plan.recipients
      .flatMap((at) => mail.decision.recipients[at] ?? [])
      .filter(({ address }) => wanted.has(address))
    if (recipients.length === 0) return []
    return carriesSecret(plan.steps) ? recipients.map((one) => ({ plan, recipients: [one] })) : [{ plan, recipients }]
  })
}

function carriesSecret(steps: readonly Step[]): boolean {
  return steps.some(
    (step) =>
      (step.do === 'fileLink' && step.attachments.length > 0) ||
      (step.do === 'protect' && (step.method === 'pdf' || step.method === 'portal')),
  )
}

/**
 * Carries out one copy's steps in the order of the plan and returns the message as it leaves. Raises the fault of the step
 * that could not be carried out (no identity to sign with, a certificate that expired meanwhile, no phone): the caller
 * holds the recipients, nothing leaves with less protection than decided.
 */
export async function renderCopy(
  mail: MailInHand,
  copy: { readonly plan: CopyPlan; readonly recipients: readonly RecipientDecision[] },
  files: LinkFiles,
  tools: Tools,
): Promise<RenderedCopy> {
  const { steps } = copy.plan
  const { recipients } = copy
  const only = recipients.length === 1 ? recipients[0] : undefined
  const language = await languageOf(mail, only, tools)
  const edited = await editedContent(mail, steps, only, language, files, tools)
  const layers: string[] = []
  const grants: GrantRecord[] = [...edited.grants]
  const secrets: SecretForPerson[] = []
  const passwords: RenderedCopy['passwords'][number][] = []
  const linkFiles: readonly LinkFileRecord[] = edited.linkFiles
  let draft: Draft = { header: rewriteHeader(outerFields(mail.parsed.index), mail, steps), content: edited.entity }

  const sign = steps.find((step) => step.do === 'sign')
  const protect = steps.find((step) => step.do === 'protect')
  const method: Method | null = protect?.method ?? null
  const route = steps.findLast((step) => step.do === 'route')?.via ?? ''
  if (method === 'tls')
    mustVerify(
      mail,
      route,
      recipients.map(({ address }) => address),
    )
  if (protect && (method === 'pdf' || method === 'portal')) {
    if (!only) throw new Fault('internal', 'a container belongs to one recipient')
    if (method === 'pdf') {
      // The PDF library costs 30 MB once it runs: with the first PDF, and not before.
      const { carryPdf } = await import('./carry-pdf.ts')
      const carried = await carryPdf(mail, draft, edited, protect, only, language, outgoingSubject(mail, steps), tools)
      draft = { ...draft, content: carried.content }
      secrets.push(...carried.secrets)
      grants.push(...carried.grants)
      passwords.push(...carried.passwords)
      layers.push(carried.layer)
    } else {
      const carried = await carryPortal(mail, draft, protect, only, language, tools)
      draft = { header: withSubject(draft.header, carried.subject), content: carried.content }
      grants.push(carried.grant)
      layers.push('portal message, Cobblestone-256 (AES-256-GCM) at rest')
    }
  }
  // Signing stands before encryption for S/MIME and OpenPGP, and around the carrier mail for PDF and portal.
  const encrypts = method === 'smime'
  // Header protection belongs to the innermost layer: where that is OpenPGP's, there is none.
  const shields = sign ? sign.with === 'smime' && method !== 'pgp' : encrypts
  const shielded = shields ? withProtectedHeader(mail, draft, encrypts) : { draft, inside: [] }
  draft = shielded.draft
  if (sign)
    draft = { ...draft, content: await signed(mail, draft.content, sign, method, shielded.inside, layers, tools) }
  if (encrypts) {
    const inside = sign ? [] : shielded.inside
    draft = { ...draft, content: await smimeEncrypted(mail, draft.content, recipients, inside, layers, tools) }
    if (sign?.with === 'smime' && smimeOf(mail).tripleWrap)
      draft = { ...draft, content: await smimeSigned(mail, draft.content, tools.clock.now(), [], layers, tools) }
  }
  if (method === 'pgp')
    draft = { ...draft, content: await pgpEncrypted(mail, draft.content, recipients, sign, layers, tools) }

  return {
    id: tools.newId(),
    recipients,
    steps,
    route,
    message: wholeMessage(
      draft,
      edited.blocks.length > 0 ||
        edited.wrapped === true ||
        sign !== undefined ||
        (method !== null && method !== 'tls'),
    ),
    method,
    layers,
    grants,
    linkFiles,
    secrets,
    passwords,
    apis: steps.flatMap((step) => (step.do === 'api' ? [step.endpoint] : [])),
  }
}

/** The policy knew the default route; a rule may have chosen another, whose TLS protects from nobody in the middle. */
function mustVerify({ tenant }: MailInHand, chosen: string, recipients: readonly string[]): void {
  for (const address of recipients) {
    const route = findRoute(tenant, chosen, address)
    if (route?.tls !== 'verified' && route?.tls !== 'implicit')
      throw new Fault('action-impossible', `TLS protects nothing on the route "${route?.name ?? chosen}"`)
  }
}

/** Content that we made says which MIME it is, once; an unchanged mail keeps its header as it is. */
function wholeMessage({ header, content }: Draft, made: boolean): Entity {
  if (!made) return messageOf(header, content)
  return messageOf(mimeVersion(header), {
    ...content,
    header: content.header.filter(({ name }) => name !== 'mime-version'),
  })
}

async function signed(
  mail: MailInHand,
  content: Entity,
  sign: Extract<Step, { do: 'sign' }>,
  method: Method | null,
  inside: readonly HeaderField[],
  layers: string[],
  tools: Tools,
): Promise<Entity> {
  const time = tools.clock.now()
  // OpenPGP signs inside its own encryption (one message, as gpg makes it), so there is nothing to do before. That holds for
  // an S/MIME signature too where there is an OpenPGP key to sign with: who reads OpenPGP verifies OpenPGP.
  if (
    method === 'pgp' &&
    (sign.with === 'pgp' || (await tools.keyring.pgpIdentity(mail.tenant.id, mail.mailFrom, time)))
  )
    return content
  const safe = await sevenBitSafe(content)
  if (sign.with === 'pgp') {
    const identity = await tools.keyring.pgpIdentity(mail.tenant.id, mail.mailFrom, time)
    if (!identity) throw new Fault('key-missing', `OpenPGP key of ${mail.mailFrom}`)
    layers.push(await describePgpSignature(identity, time))
    return pgpSignEntity(safe, identity, { time })
  }
  return smimeSigned(mail, safe, time, inside, layers, tools)
}

async function pgpEncrypted(
  mail: MailInHand,
  content: Entity,
  recipients: readonly RecipientDecision[],
  sign: Extract<Step, { do: 'sign' }> | undefined,
  layers: string[],
  tools: Tools,
): Promise<Entity> {
  const time = tools.clock.now()
  const keys = await Promise.all(
    recipients.map(async ({ address }) => {
      const { state, armored } = await tools.keyring.pgpKey(mail.tenant.id, address, time)
      if (!armored) throw new Fault('key-unusable', `${address} (${state})`)
      return armored
    }),
  )
  // An encrypted mail without a signature proves no sender: OpenPGP signs whenever there is a key to sign with.
  const identity = await tools.keyring.pgpIdentity(mail.tenant.id, mail.mailFrom, time)
  if (sign?.with === 'pgp' && !identity) throw new Fault('key-missing', `OpenPGP key of ${mail.mailFrom}`)
  layers.push(await describePgpEncryption(keys, identity ?? undefined, time))
  return pgpEncryptEntity(content, keys, { time, ...(identity ? { sign: identity } : {}) })
}

async function languageOf(mail: MailInHand, only: RecipientDecision | undefined, tools: Tools): Promise<Language> {
  if (!only) return mail.tenant.language
  return (await tools.directory.person(mail.tenant.id, only.address))?.language ?? mail.tenant.language
}
