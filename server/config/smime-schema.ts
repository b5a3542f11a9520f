import { z } from 'zod'

/** How S/MIME is written. */
export const smimeSchema = z
  .strictObject({
    rsaSignature: z
      .enum(['pkcs1', 'pss'])
      .default('pkcs1')
      .describe('How RSA keys sign: `pkcs1` is read everywhere, `pss` (RSASSA-PSS) by programs of RFC 8551.'),
    signature: z
      .enum(['clear', 'opaque'])
      .default('clear')
      .describe('`clear` is readable without S/MIME; `opaque` survives gateways that change bodies.'),
    content: z
      .enum(['negotiate', 'cbc'])
      .default('negotiate')
      .describe(
        '`negotiate`: AES-256-GCM where everybody a copy goes to is known to read it, AES-256-CBC otherwise; `cbc`: never GCM.',
      ),
    keyTransport: z
      .enum(['oaep', 'pkcs1'])
      .default('oaep')
      .describe('To RSA certificates; `pkcs1` for readers that know nothing else.'),
    tripleWrap: z
      .boolean()
      .default(false)
      .describe('What is signed and encrypted is signed once more (RFC 2634): gateways can verify without decrypting.'),
    headerProtection: z
      .enum(['off', 'keep', 'obscure'])
      .default('off')
      .describe(
        'RFC 9788. `keep`: subject, addresses and date are covered by the signature; `obscure`: and the subject is hidden in what is encrypted.',
      ),
    postQuantum: z
      .boolean()
      .default(false)
      .describe('Encrypt to ML-KEM certificates beside the classical one, sign with ML-DSA keys.'),
  })
  .prefault({})
  .describe('How S/MIME is written ([smime.md](smime.md)).')
