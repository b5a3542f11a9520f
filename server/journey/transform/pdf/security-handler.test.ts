import { createDecipheriv, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { completed } from '../../../../shared/policy/steps.ts'
import { preparePassword } from './saslprep.ts'
import { createSecurityHandler, encryptedLength, openFileKey, passwordEntries } from './security-handler.ts'

const entries = (key: Buffer) => completed(passwordEntries(key, preparePassword('Grüße'), preparePassword('owner')))

describe('the revision 6 security handler', () => {
  it('gives the file key to either password and to no other', () => {
    const key = randomBytes(32)
    const made = entries(key)
    expect(openFileKey('Grüße', made)).toEqual(key)
    expect(openFileKey('Gru\u0308ße', made)).toEqual(key)
    expect(openFileKey('owner', made)).toEqual(key)
    expect(() => openFileKey('grüße', made)).toThrow('decryption-failed')
  })

  it('notices altered permissions', () => {
    const made = entries(randomBytes(32))
    const Perms = Buffer.from(made.Perms)
    Perms[0]! ^= 1
    expect(() => openFileKey('owner', { ...made, Perms })).toThrow('decryption-failed')
  })

  it('never encrypts twice alike, and to the length it announces', () => {
    const handler = completed(createSecurityHandler({ user: 'a', owner: 'b' }))
    for (const size of [0, 1, 15, 16, 17, 4096]) {
      const data = Buffer.alloc(size)
      expect(handler.encrypt(data)).toHaveLength(encryptedLength(size))
      expect(handler.encrypt(data)).not.toEqual(handler.encrypt(data))
    }
  })

  it('pads every string by PKCS#7 under the file key', () => {
    const handler = completed(createSecurityHandler({ user: 'a', owner: 'b' }))
    const entry = (name: string) => Buffer.from(new RegExp(`/${name} <(\\w+)>`).exec(handler.dictionary)![1]!, 'hex')
    const key = openFileKey('a', {
      U: entry('U'),
      O: entry('O'),
      UE: entry('UE'),
      OE: entry('OE'),
      Perms: entry('Perms'),
    })
    const sealed = handler.encrypt(Buffer.from('hello'))
    const decipher = createDecipheriv('aes-256-cbc', key, sealed.subarray(0, 16))
    expect(Buffer.concat([decipher.update(sealed.subarray(16)), decipher.final()]).toString()).toBe('hello')
  })
})
