import type { FaultDefinition } from '../fault.ts'

export const crypto = {
  'certificate-unusable': {
    title: { en: 'The certificate cannot be used', de: 'Das Zertifikat ist nicht verwendbar' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'certificate-expired': {
    title: { en: 'The certificate has expired', de: 'Das Zertifikat ist abgelaufen' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'certificate-address-mismatch': {
    title: { en: 'The certificate is for another address', de: 'Das Zertifikat gehört zu einer anderen Adresse' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'key-missing': {
    title: { en: 'There is no key for this', de: 'Dafür gibt es keinen Schlüssel' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'key-unusable': {
    title: { en: 'The key cannot be used', de: 'Der Schlüssel ist nicht verwendbar' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'decryption-failed': {
    title: { en: 'The message cannot be decrypted', de: 'Die Nachricht kann nicht entschlüsselt werden' },
    http: 422,
    smtp: '550 5.7.5',
    retry: false,
    severity: 'warning',
  },
  'signature-invalid': {
    title: { en: 'The signature is not valid', de: 'Die Signatur ist nicht gültig' },
    http: 422,
    smtp: '550 5.7.7',
    retry: false,
    severity: 'warning',
  },
  'container-malformed': {
    title: { en: 'The cryptographic container is malformed', de: 'Der kryptografische Container ist fehlerhaft' },
    http: 422,
    smtp: '550 5.6.0',
    retry: false,
    severity: 'warning',
  },
  'render-failed': {
    title: { en: 'The document could not be rendered', de: 'Das Dokument konnte nicht erzeugt werden' },
    http: 500,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'error',
  },
} as const satisfies Record<string, FaultDefinition>
