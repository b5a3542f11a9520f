import type { Damage, LayerKind, LayerState, VerdictState } from '../../../../shared/domain/index.ts'
import type { Words } from './result.ts'

/** One text for each finding. A decryption that fails has one text whatever the cause: it must not teach a prober. */
const WORDS: Readonly<Record<LayerState | VerdictState, Words>> = {
  good: {
    en: 'Signature valid: the content is unchanged and comes from the sender.',
    de: 'Signatur gültig: Der Inhalt ist unverändert und stammt vom Absender.',
  },
  decrypted: { en: 'Decrypted, integrity held.', de: 'Entschlüsselt, Unversehrtheit geprüft.' },
  'no-integrity': {
    en: 'Decrypted, but nothing proves that the content was not altered on its way.',
    de: 'Entschlüsselt, aber nichts beweist, dass der Inhalt unterwegs nicht verändert wurde.',
  },
  'unknown-signer': {
    en: 'Signed by somebody nobody we trust vouches for: this proves nothing about the sender.',
    de: 'Von jemandem signiert, für den niemand bürgt, dem wir vertrauen: Über den Absender sagt das nichts.',
  },
  'from-differs': {
    en: 'The signer is not the sender: the signature is for another address than From.',
    de: 'Unterzeichner und Absender sind verschieden: Die Signatur gilt für eine andere Adresse als From.',
  },
  expired: {
    en: 'The certificate or key of the signer was not valid at that time.',
    de: 'Zertifikat oder Schlüssel des Unterzeichners war zu dieser Zeit nicht gültig.',
  },
  revoked: { en: 'The key of the signer was revoked.', de: 'Der Schlüssel des Unterzeichners wurde widerrufen.' },
  weak: {
    en: 'Signed with a key or a digest that is too weak: such a signature can be forged.',
    de: 'Mit einem zu schwachen Schlüssel oder Hash signiert: Solche Signaturen lassen sich fälschen.',
  },
  unusable: {
    en: 'The certificate or key of the signer may not sign mail.',
    de: 'Zertifikat oder Schlüssel des Unterzeichners darf keine E-Mail signieren.',
  },
  broken: {
    en: 'Signature not valid: the content was altered, or the signature is damaged.',
    de: 'Signatur ungültig: Der Inhalt wurde verändert, oder die Signatur ist beschädigt.',
  },
  'not-covered': {
    en: 'Only a part of this mail is signed or encrypted: the rest is from anybody.',
    de: 'Nur ein Teil dieser E-Mail ist signiert oder verschlüsselt: Der Rest kann von jedem stammen.',
  },
  undecryptable: { en: 'This could not be decrypted.', de: 'Das konnte nicht entschlüsselt werden.' },
  'not-opened': {
    en: 'This form of protection, or content of this size, is not read.',
    de: 'Diese Form des Schutzes oder Inhalt dieser Größe wird nicht gelesen.',
  },
  'too-deep': {
    en: 'Protected more often than is opened.',
    de: 'Öfter geschützt, als geöffnet wird.',
  },
  forwarded: {
    en: 'A signed or encrypted mail is attached. What it proves, it proves of itself and not of this mail.',
    de: 'Eine signierte oder verschlüsselte E-Mail ist angehängt. Was sie beweist, beweist sie für sich und nicht für diese E-Mail.',
  },
  unsigned: {
    en: 'Decrypted, integrity held. It is not signed: who wrote it is not proved.',
    de: 'Entschlüsselt, Unversehrtheit geprüft. Nicht signiert: Wer es schrieb, ist nicht bewiesen.',
  },
  plain: {
    en: 'Neither signed nor encrypted: there is nothing to open.',
    de: 'Weder signiert noch verschlüsselt: Es gibt nichts zu öffnen.',
  },
}

/** What a layer is, as a person reads it. */
export const KIND_WORDS: Readonly<Record<LayerKind, Words>> = {
  'smime-signed': { en: 'S/MIME signature', de: 'S/MIME-Signatur' },
  'smime-encrypted': { en: 'S/MIME encryption', de: 'S/MIME-Verschlüsselung' },
  'smime-other': { en: 'S/MIME container', de: 'S/MIME-Container' },
  'pgp-signed': { en: 'OpenPGP signature', de: 'OpenPGP-Signatur' },
  'pgp-encrypted': { en: 'OpenPGP encryption', de: 'OpenPGP-Verschlüsselung' },
  'pgp-inline': { en: 'OpenPGP in the text', de: 'OpenPGP im Text' },
  content: { en: 'Content', de: 'Inhalt' },
}

const DAMAGE: Readonly<Record<Damage, Words>> = {
  'mailing-list': {
    en: ' It came by a mailing list, and such lists change mail.',
    de: ' Sie kam über eine Mailingliste, und solche Listen verändern E-Mails.',
  },
  forwarding: {
    en: ' It was forwarded, and it may have been changed then.',
    de: ' Sie wurde weitergeleitet und kann dabei verändert worden sein.',
  },
}

export const wordsOf = (state: LayerState | VerdictState, damage: Damage | null = null): Words =>
  damage === null ? WORDS[state] : { en: WORDS[state].en + DAMAGE[damage].en, de: WORDS[state].de + DAMAGE[damage].de }
