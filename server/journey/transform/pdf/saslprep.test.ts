import { describe, expect, it } from 'vitest'
import { preparePassword, saslprep } from './saslprep.ts'

const refusal = (text: string) => {
  try {
    preparePassword(text)
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('SASLprep', () => {
  // RFC 4013 section 3
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
  ])('maps %j to %j', (from, to) => expect(saslprep(from)).toBe(to))

  it('refuses a control character and mixed directions, as the examples of RFC 4013', () => {
    expect(refusal('\u0007')).toBe('password-unusable')
    expect(refusal('\u06271')).toBe('password-unusable')
  })

  it.each(['\ud800', '\ue000', '\ufdd0', '\u{1fffe}', '\u2ff0', '\u{e0041}', '\ufffd', '\u202e'])(
    'refuses the prohibited %j',
    (character) => expect(refusal(`a${character}b`)).toBe('password-unusable'),
  )

  it('turns other spaces into the one on the keyboard and composes', () => {
    expect(saslprep('a\u00a0b\u3000c')).toBe('a b c')
    expect(saslprep('u\u0308ber')).toBe('über')
  })

  it('lets a right-to-left password and today’s characters through', () => {
    expect(saslprep('שלום')).toBe('שלום')
    expect(saslprep('a😀b')).toBe('a😀b')
  })

  it('keeps 127 bytes and refuses an empty password', () => {
    expect(preparePassword('ü'.repeat(80))).toHaveLength(127)
    expect(refusal('')).toBe('password-unusable')
    expect(refusal('\u00ad\u200d')).toBe('password-unusable')
  })
})
