/** One message of the corpus: made by hand-written code from fixed values, so that every run has the same bytes. */
export interface Sample {
  /** `family/shape`, unique. */
  readonly name: string
  readonly bytes: Buffer
  /** An honest sender's mail with nothing that two readers could take in two ways: it must have no defects. */
  readonly clean: boolean
}

export const crlf = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\n`

/** Latin1 strings are bytes here: what is not ASCII is written as it stands on the wire. */
export function sample(name: string, wire: string | Buffer, clean = true): Sample {
  return { name, bytes: typeof wire === 'string' ? Buffer.from(wire, 'latin1') : wire, clean }
}

export const utf8 = (text: string) => Buffer.from(text).toString('latin1')

export function base64(data: Buffer | string, columns = 76): string {
  const text = Buffer.from(data).toString('base64')
  return crlf(...(text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']))
}

/** Quoted-printable of UTF-8 text, lines as they stand. */
export function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      [...Buffer.from(line)]
        .map((byte) =>
          byte === 0x3d || byte > 126 || byte < 32
            ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
            : String.fromCharCode(byte),
        )
        .join('')
        .replace(/((?:[^=]|=..){1,72})(?=.)/g, '$1=\r\n'),
    )
    .join('\r\n')
}

export const word = (text: string) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`

/** Header of a message from one to another; further lines come before the MIME ones. */
export function head(further: readonly string[] = [], subject = 'Figures of the quarter'): string {
  return crlf(
    'From: Anna Muster <anna@sender.example>',
    'To: Bob Example <b.example@demo.example>',
    `Subject: ${subject}`,
    'Date: Mon, 23 Nov 2026 09:30:00 +0100',
    'Message-ID: <20261123093000.4711@sender.example>',
    ...further,
    'MIME-Version: 1.0',
  )
}

export function part(header: readonly string[], body: string): string {
  return `${crlf(...header)}\r\n${body}`
}

/** Parts with delimiters of one boundary; the line break before each delimiter belongs to it. */
export function parts(boundary: string, list: readonly string[], preamble = '', epilogue = ''): string {
  return `${preamble}${list.map((one) => `--${boundary}\r\n${one.endsWith('\r\n') ? one : `${one}\r\n`}`).join('')}--${boundary}--\r\n${epilogue}`
}

export const PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')
export const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(60, 3)])
export const TIFF = Buffer.concat([Buffer.from('49492a0008000000', 'hex'), Buffer.alloc(300, 5)])
export const EXE = Buffer.concat([Buffer.from('4d5a9000', 'hex'), Buffer.alloc(124)])
