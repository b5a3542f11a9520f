import type { Draft } from '../../shared/contract/index.ts'

/** Protections as the value of X-Secflow-Protection: a list of tokens with parameters (RFC 9651 3.1). '' for none. */
export function protectionHeader(protections: Draft['protection']): string {
  return protections
    .map(({ token, sms, expires, secondFactor, reason }) => {
      const parameters = [
        sms === undefined ? '' : `;sms="${sms}"`,
        expires === undefined ? '' : `;expires=${expires}`,
        secondFactor ? ';second-factor' : '',
        reason === undefined ? '' : `;reason=${displayString(reason)}`,
      ]
      return token + parameters.join('')
    })
    .join(', ')
}

/** RFC 9651 4.1.11. */
function displayString(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x22
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return `%"${out}"`
}
