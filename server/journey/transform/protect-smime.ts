import type { X509Certificate } from 'node:crypto'
import type { RecipientDecision } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Entity, HeaderField } from '../../mime/entity.ts'
import type { Draft, MailInHand, Tools } from './mail.ts'
import {
  DEFAULT_SMIME,
  describeEncryption,
  describeSignature,
  encryptEntity,
  protectHeader,
  type SmimeProfile,
  signEntity,
} from './smime/index.ts'

/** How the tenant of a mail writes S/MIME. */
export const smimeOf = ({ tenant }: Pick<MailInHand, 'tenant'>): SmimeProfile => tenant.smime ?? DEFAULT_SMIME

/** A draft whose header stands inside, too; `inside` goes to the innermost of the steps that follow. */
export function withProtectedHeader(
  mail: MailInHand,
  draft: Draft,
  encrypted: boolean,
): { readonly draft: Draft; readonly inside: readonly HeaderField[] } {
  const { headerProtection } = smimeOf(mail)
  const made =
    headerProtection === 'off'
      ? null
      : protectHeader(draft.header, draft.content, { encrypted, obscure: headerProtection === 'obscure' })
  return made ? { draft: { header: made.header, content: made.content }, inside: made.inside } : { draft, inside: [] }
}

/** Signs with the key of the sender, else that of the organisation. Raises `key-missing`. */
export async function smimeSigned(
  mail: MailInHand,
  content: Entity,
  time: number,
  inside: readonly HeaderField[],
  layers: string[],
  tools: Tools,
): Promise<Entity> {
  const { rsaSignature, signature, postQuantum } = smimeOf(mail)
  const identity = await tools.keyring.smimeIdentity(mail.tenant.id, mail.mailFrom, time)
  if (!identity) throw new Fault('key-missing', `S/MIME certificate of ${mail.mailFrom}`)
  if (!postQuantum && identity.privateKey.asymmetricKeyType?.startsWith('ml-dsa-'))
    throw new Fault('key-unusable', 'an ML-DSA key signs only where smime.postQuantum is on')
  layers.push(describeSignature(identity, rsaSignature))
  return signEntity(content, identity, { time, mode: signature, rsa: rsaSignature, inside })
}

/** Encrypts to everybody a copy goes to. Raises `certificate-expired`, `certificate-unusable`. */
export async function smimeEncrypted(
  mail: MailInHand,
  content: Entity,
  recipients: readonly RecipientDecision[],
  inside: readonly HeaderField[],
  layers: string[],
  tools: Tools,
): Promise<Entity> {
  const { keyTransport, content: wanted } = smimeOf(mail)
  const now = tools.clock.now()
  const found = await Promise.all(
    recipients.map(async ({ address }) => {
      const one = await tools.keyring.certificate(mail.tenant.id, address, now)
      if (one.certificate) return one
      throw new Fault(
        one.state === 'expired' ? 'certificate-expired' : 'certificate-unusable',
        `${address} (${one.state})`,
      )
    }),
  )
  const certificates = found.flatMap(({ certificate, kem }) =>
    [certificate, kem].filter((one): one is X509Certificate => one !== null && one !== undefined),
  )
  const gcm = wanted === 'negotiate' && found.every(({ readsGcm }) => readsGcm)
  const options = { content: gcm ? 'gcm' : 'cbc', keyTransport, inside } as const
  layers.push(describeEncryption(certificates, options))
  return encryptEntity(content, certificates, options)
}
