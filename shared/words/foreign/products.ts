/** The shipped mapping. Customers rename many of these forms in their old gateway; a tenant's own mapping then takes the product's place. */
import type { ForeignHeaderForm, ForeignMeaning, ForeignProduct, ForeignRecipient, ForeignTag } from './mapping.ts'

const tag = (text: string, meaning: ForeignMeaning, place: ForeignTag['place'] = 'anywhere'): ForeignTag => ({
  tag: text,
  place,
  caseSensitive: false,
  ...meaning,
})
const word = (text: string, meaning: ForeignMeaning): ForeignTag => ({
  tag: text,
  place: 'start',
  caseSensitive: true,
  ...meaning,
})
const header = (name: string, meaning: ForeignMeaning, more: Partial<ForeignHeaderForm> = {}): ForeignHeaderForm => ({
  header: name,
  ...more,
  ...meaning,
})
const address = (recipient: string, meaning: ForeignMeaning, caseSensitive = false): ForeignRecipient => ({
  recipient,
  caseSensitive,
  ...meaning,
})
const yes = { values: ['yes'] }
const product = (name: string, title: string, forms: Partial<ForeignProduct>): ForeignProduct => ({
  product: name,
  title,
  headers: [],
  tags: [],
  flags: [],
  recipients: [],
  ...forms,
})

const ENCRYPT = { protection: 'encrypt' }
const PORTAL = { protection: 'portal' }
const PLAIN = { protection: 'plain' }
const NOTHING = {}
/** Without the code that proves who reads. */
const NO_CODE: ForeignMeaning = { ...ENCRYPT, unsafe: true, instead: 'portal;second-factor' }

export const FOREIGN_PRODUCTS: readonly ForeignProduct[] = [
  product('seppmail', 'SEPPmail Secure E-Mail Gateway', {
    headers: [
      header('x-smplain', PLAIN, yes),
      header('x-smenc', ENCRYPT, yes),
      header('x-smwebmail', PORTAL, yes),
      // A receipt that the recipient cannot suppress, if one was asked for.
      header('x-smwebmail', { protection: 'receipt' }, { ...yes, with: 'disposition-notification-to' }),
      header('sensitivity', ENCRYPT, { values: ['companyconfidential', 'company-confidential'] }),
      header('sensitivity', PORTAL, { values: ['private'] }),
      header('sensitivity', { protection: 'receipt' }, { values: ['private'], with: 'disposition-notification-to' }),
      header('x-eswmail-noreply', NOTHING, yes),
    ],
    tags: [
      tag('[plain]', PLAIN),
      tag('[confidential]', ENCRYPT),
      tag('[priv]', PORTAL),
      tag('[emptypw]', { ...PORTAL, unsafe: true, instead: 'portal;second-factor' }),
      tag('[sms:{phone}]', { protection: 'pdf;sms="{phone}"' }),
      tag('[zip]', NOTHING),
    ],
  }),
  product('nospamproxy', 'NoSpamProxy Encryption', {
    headers: [header('x-nospamproxy-requireattachmentpassword', { protection: 'pdf' })],
    flags: [
      { flag: 'PW', protection: 'pdf' },
      // The password stands in Sent Items and wherever the subject was logged.
      { flag: 'PW:{text}', protection: 'pdf', unsafe: true, instead: 'pdf' },
      { flag: 'PDF', protection: 'pdf' },
      { flag: 'SMS:No' },
      { flag: 'Unencrypted', protection: 'plain' },
      { flag: 'Delivery confirmation', protection: 'receipt' },
      { flag: 'Receipt confirmation', protection: 'receipt' },
      { flag: 'Collection confirmation', protection: 'receipt' },
      { flag: 'Confirmed by sender', protection: 'sign' },
      { flag: 'Personal' },
    ],
  }),
  product('ciphermail', 'CipherMail and Hermes', { tags: [tag('[encrypt]', ENCRYPT)] }),
  product('hornetsecurity', 'Hornetsecurity', {
    // Capitals, as the first word.
    tags: [
      word('CRYPT', ENCRYPT),
      word('NOCRYPT', PLAIN),
      word('SIGN', { protection: 'sign' }),
      word('NOSIGN', NOTHING),
      word('WEBSAFE', PORTAL),
    ],
  }),
  product('microsoft', 'Microsoft 365 sensitivity labels', {
    headers: [header('msip_labels', { classification: '{label}' }, { read: 'msip' })],
    tags: [tag('[encrypt]', ENCRYPT), tag('[secure]', ENCRYPT)],
  }),
  product('australian-marking', 'Australian protective marking', {
    headers: [header('x-protective-marking', { classification: '{label}' }, { read: 'marking' })],
    tags: [tag('[SEC={label}]', { classification: '{label}' }, 'start-or-end')],
  }),
  product('mydata', 'MYDATA Control', {
    headers: [header('x-classification', { classification: '{label}' }, { read: 'text' })],
  }),
  product('incamail', 'IncaMail', {
    tags: [
      tag('<c>', ENCRYPT, 'start'),
      tag('<p>', { protection: 'portal;second-factor' }, 'start'),
      tag('<r>', { protection: 'portal, receipt' }, 'start'),
    ],
    recipients: [address('{address}.incamail.ch', ENCRYPT)],
  }),
  product('privasphere', 'PrivaSphere', {
    headers: [header('x-psph-registered-request', { protection: 'portal, receipt' })],
    tags: [
      word('eLs!:', { protection: 'portal, receipt' }),
      word('eLs!Pdf:', { protection: 'pdf, receipt' }),
      word('eLs!MiMe:', { protection: 'smime, receipt' }),
      word('psph_no_muc_', NO_CODE),
    ],
    recipients: [address('psph_no_muc_{address}', NO_CODE, true)],
  }),
  product('ssh-secure-mail', 'SSH Secure Mail', { recipients: [address('{address}.s', ENCRYPT)] }),
  product('cisco', 'Cisco Secure Email Encryption (PostX)', {
    headers: [
      header('x-postx-expirationdate', { protection: 'portal;expires={expires}' }, { read: 'period' }),
      header('x-postx-reply-enabled', NOTHING),
      header('x-postx-reply-all-enabled', NOTHING),
      header('x-postx-use-script', NOTHING),
      header('x-postx-remember-envelope-key-checkbox', NOTHING),
      header('x-postx-suppress-applet-for-open', NOTHING),
    ],
  }),
  product('vipre', 'VIPRE SafeSend', { tags: [tag('[encrypt]', ENCRYPT), tag('[secure]', ENCRYPT)] }),
]
