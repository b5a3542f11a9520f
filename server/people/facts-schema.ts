import { z } from 'zod'
import { Fault } from '../../shared/fault/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'

const address = z.string().transform((text, context) => {
  try {
    return canonicalAddress(text)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    context.addIssue('not a mail address')
    return z.NEVER
  }
})

/** PEM or armor as it is, or the path of a file with it. */
const material = z.string().min(1)

const person = z.strictObject({
  address: address.describe('Mail address.'),
  name: z.string().optional().describe('As people read it.'),
  user: z.boolean().default(false).describe('One of our own, who may send.'),
  department: z.string().optional().describe('For rules.'),
  location: z.string().optional().describe('For rules.'),
  role: z.string().optional().describe('For rules, and for mail to the holders of a role.'),
  groups: z.array(z.string()).default([]).describe('For rules.'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'not a country code of two capital letters')
    .optional()
    .describe('ISO 3166-1 alpha-2.'),
  language: z.enum(['de', 'en']).optional().describe('Language of notices and of the portal.'),
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'not a number such as +4915112345678 (write it in quotes)')
    .optional()
    .describe('E.164, for codes and passwords by SMS.'),
  portalAccount: z.boolean().default(false).describe('Has an account in the portal.'),
  lastContact: z.iso.datetime({ offset: true }).optional().describe('Last mail exchanged.'),
  smime: z
    .union([material, z.array(material)])
    .optional()
    .describe('Certificate(s) for encrypting to this person.'),
  smimeReads: z
    .array(z.enum(['aes256-gcm']))
    .optional()
    .describe('What their mail program is known to read beyond AES-CBC.'),
  pgp: z
    .union([material, z.array(material)])
    .optional()
    .describe('OpenPGP public key(s).'),
  sendsAs: z
    .array(address)
    .default([])
    .describe('Further addresses this user sends as: own ones, shared mailboxes, people it is a delegate of.'),
  password: z.string().startsWith('$argon2id$', 'not an argon2id hash').optional().describe('argon2id, for SMTP AUTH.'),
})

const identity = z
  .strictObject({
    address: address.optional().describe('The user whose keys these are.'),
    gateway: z.boolean().default(false).describe('Signs for all users who have no key of their own.'),
    certificate: material.optional().describe('S/MIME certificate and its chain.'),
    key: material.optional().describe('Its private key, PKCS#8.'),
    pgpPrivate: material.optional().describe('OpenPGP private key, without a passphrase.'),
  })
  .superRefine((value, context) => {
    if (value.address === undefined && !value.gateway) context.addIssue('say whose it is: address, or gateway: true')
    if ((value.certificate === undefined) !== (value.key === undefined)) {
      context.addIssue('certificate and key belong together')
    }
    if (value.certificate === undefined && value.pgpPrivate === undefined) context.addIssue('holds no key')
  })

/** A facts file: what is known of people, and keys. */
export const factsSchema = z.strictObject({
  people: z.array(person).default([]).describe('Users and correspondents.'),
  anchors: z.array(material).default([]).describe('Trusted authorities (PEM).'),
  crls: z.array(material).default([]).describe('Revocation lists of authorities (PEM), one a file.'),
  identities: z.array(identity).default([]).describe('Private keys of ours.'),
})
