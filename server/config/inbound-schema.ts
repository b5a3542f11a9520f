import { z } from 'zod'

const mark = () =>
  z
    .string()
    .trim()
    .min(4, 'a mark of fewer than four characters would be found in every second subject')
    .max(40)
    .regex(/^[^\p{Cc}\p{Cf}]+$/u, 'not a line of text')

/** What is done with strangers' mail that is signed or encrypted. */
export const inboundSchema = z
  .strictObject({
    open: z
      .enum(['decrypt', 'verify', 'off'])
      .default('decrypt')
      .describe(
        '`decrypt`: verify, and decrypt where we hold the key of the recipient. `verify`: rules see what is inside, the recipient gets the mail as it was received. `off`: nothing is looked at.',
      ),
    signatures: z
      .enum(['keep', 'remove'])
      .default('keep')
      .describe("`keep`: a signature that the reader's own program can verify stays around the content."),
    marks: z
      .strictObject({
        good: mark().optional().describe('Begins the subject of a mail whose signature is good.'),
        decrypted: mark().optional().describe('Of one that was encrypted and not signed.'),
        bad: mark().optional().describe('Of one that is signed, and the signature proves nothing.'),
      })
      .prefault({})
      .describe('Subject marks; what looks like one of them in a mail from outside is removed.'),
    report: z
      .enum(['none', 'block', 'attachment'])
      .default('none')
      .describe('Tells the reader what was found: above the text, or as a file. The signature then no longer stays.'),
    tripleDes: z
      .boolean()
      .default(false)
      .describe('Open S/MIME that is encrypted with Triple DES; it has no integrity and is out of use since 2019.'),
    harvest: z.boolean().default(true).describe('Keep the certificates of good signers for encrypting to them.'),
  })
  .prefault({})
  .describe("Strangers' mail that is signed or encrypted ([inbound.md](inbound.md)).")
