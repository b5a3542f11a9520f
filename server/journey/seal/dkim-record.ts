import { createPublicKey } from 'node:crypto'
import type { SigningKey } from './signing-key.ts'

/** Where the public half of a signing key is published, and the text that stands there (RFC 6376 3.6.1, RFC 8463 4). */
export function dkimRecord({ domain, selector, key }: Pick<SigningKey, 'domain' | 'selector' | 'key'>): {
  readonly name: string
  readonly text: string
} {
  const publicKey = createPublicKey(key)
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const [kind, bytes] =
    publicKey.asymmetricKeyType === 'ed25519' ? (['ed25519', spki.subarray(-32)] as const) : (['rsa', spki] as const)
  return { name: `${selector}._domainkey.${domain}`, text: `v=DKIM1; k=${kind}; p=${bytes.toString('base64')}` }
}

/** As in a zone file: a string of a TXT record is at most 255 octets (RFC 1035 3.3). */
export function zoneLine({ name, text }: { readonly name: string; readonly text: string }): string {
  return `${name}. IN TXT ${text
    .match(/.{1,250}/g)!
    .map((part) => `"${part}"`)
    .join(' ')}`
}
