/** Mails for tests, put together by hand so that nothing under test helps to make them. All lines end in CRLF unless said otherwise. */

export interface TestFile {
  readonly name: string
  readonly mediaType: string
  readonly data: Uint8Array
  readonly disposition?: 'attachment' | 'inline'
  readonly contentId?: string
}

export interface TestMail {
  readonly from?: string
  readonly to?: string
  readonly cc?: string
  readonly subject?: string
  /** Further header lines, without line ends: `X-Secflow-Protection: encrypt`. */
  readonly headers?: readonly string[]
  readonly text?: string
  readonly html?: string
  readonly files?: readonly TestFile[]
}

const DATE = 'Mon, 23 Nov 2026 09:30:00 +0100'

/** Header lines every mail has. */
function head(mail: TestMail): string[] {
  return [
    'Received: from client.example by mx.example; Mon, 23 Nov 2026 09:30:01 +0100',
    `From: ${mail.from ?? 'Anna Example <anna@tenant.example>'}`,
    `To: ${mail.to ?? 'Bob <bob@partner.example>'}`,
    ...(mail.cc ? [`Cc: ${mail.cc}`] : []),
    `Subject: ${mail.subject ?? 'Quarterly figures'}`,
    `Date: ${DATE}`,
    'Message-ID: <one@tenant.example>',
    ...(mail.headers ?? []),
    'MIME-Version: 1.0',
  ]
}

const bytes = (...lines: readonly string[]) => Buffer.from(`${lines.join('\r\n')}\r\n`)

/** A mail whose body is given as MIME lines (Content-* header, empty line, body). */
export function mailOf(entity: Buffer, mail: TestMail = {}): Buffer {
  return Buffer.concat([bytes(...head(mail)), entity])
}

export function textEntity(subtype: 'plain' | 'html', text: string): Buffer {
  return bytes(`Content-Type: text/${subtype}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit', '', text)
}

export function fileEntity(file: TestFile): Buffer {
  const lines =
    Buffer.from(file.data)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  return bytes(
    `Content-Type: ${file.mediaType}; name="${file.name}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: ${file.disposition ?? 'attachment'}; filename="${file.name}"`,
    ...(file.contentId ? [`Content-ID: <${file.contentId}>`] : []),
    '',
    ...lines,
  )
}

let count = 0

/** Each part ends in CRLF already, which here belongs to the delimiter's line break only once. */
export function multipartEntity(subtype: string, parts: readonly Buffer[], parameters = ''): Buffer {
  const boundary = `test-boundary-${String(++count).padStart(6, '0')}`
  const open = Buffer.from(`\r\n--${boundary}\r\n`)
  return Buffer.concat([
    bytes(
      `Content-Type: multipart/${subtype}; boundary="${boundary}"${parameters}`,
      '',
      'This is a multi-part message.',
    ),
    ...parts.flatMap((part) => [open, part]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}

export function messageEntity(message: Buffer): Buffer {
  return Buffer.concat([bytes('Content-Type: message/rfc822', 'Content-Disposition: attachment', ''), message])
}

export function plainMail(mail: TestMail = {}): Buffer {
  return mailOf(textEntity('plain', mail.text ?? 'Hello Bob,\r\n\r\nhere are the figures.\r\n\r\nAnna'), mail)
}

function bodyEntity(mail: TestMail): Buffer {
  const plain = textEntity('plain', mail.text ?? 'Hello Bob')
  return mail.html === undefined ? plain : multipartEntity('alternative', [plain, textEntity('html', mail.html)])
}

export function alternativeMail(mail: TestMail = {}): Buffer {
  return mailOf(bodyEntity({ html: '<html><body><p>Hello <b>Bob</b></p></body></html>', ...mail }), mail)
}

export function mixedMail(mail: TestMail): Buffer {
  return mailOf(multipartEntity('mixed', [bodyEntity(mail), ...(mail.files ?? []).map(fileEntity)]), mail)
}

/** Clear-signed in shape; the signature is no real one: a ContentInfo with the OID of signed-data and noise. */
export function signedMail(mail: TestMail = {}): Buffer {
  const signature = fileEntity({
    name: 'smime.p7s',
    mediaType: 'application/pkcs7-signature',
    data: Buffer.concat([Buffer.from('3082010006092a864886f70d010702a08200f1', 'hex'), Buffer.alloc(241, 7)]),
  })
  const signed = mail.files
    ? multipartEntity('mixed', [bodyEntity(mail), ...mail.files.map(fileEntity)])
    : bodyEntity(mail)
  return mailOf(
    multipartEntity('signed', [signed, signature], ';\r\n protocol="application/pkcs7-signature"; micalg=sha-256'),
    mail,
  )
}

/** S/MIME encrypted in shape: a ContentInfo with the OID of enveloped-data and noise. */
export function encryptedMail(mail: TestMail = {}): Buffer {
  const data = Buffer.concat([Buffer.from('3082010006092a864886f70d010703a08200f1', 'hex'), Buffer.alloc(241, 9)])
  const lines = data.toString('base64').match(/.{1,76}/g) ?? []
  return mailOf(
    bytes(
      'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename="smime.p7m"',
      '',
      ...lines,
    ),
    mail,
  )
}

/** What arrives from those who try: each a mail that must end in a fault or in defects, never in a crash or a hang. */
export const hostile = {
  /** One multipart with so many empty parts. */
  manyParts: (parts: number) =>
    mailOf(
      multipartEntity(
        'mixed',
        Array.from({ length: parts }, () => textEntity('plain', 'x')),
      ),
    ),
  /** Multiparts inside of each other. */
  deepParts(levels: number): Buffer {
    const lines: string[] = []
    for (let at = 0; at < levels; at++)
      lines.push(`Content-Type: multipart/mixed; boundary="level-${at}-"`, '', `--level-${at}-`)
    return mailOf(bytes(...lines, 'Content-Type: text/plain', '', 'x'))
  },
  deepMessages(levels: number): Buffer {
    return mailOf(
      bytes(
        ...Array.from({ length: levels }, () => ['Content-Type: message/rfc822', '']).flat(),
        'Subject: x',
        '',
        'x',
      ),
    )
  },
  hugeHeader: (size: number) => mailOf(bytes(`X-Long: ${'a '.repeat(size / 2)}`, '', 'x')),
  manyHeaders: (size: number) => mailOf(bytes('X-Line: a'.concat('\r\nX-Line: a'.repeat(size / 11)), '', 'x')),
  nulInBody: () => plainMail({ text: 'a\0b' }),
  nulInHeader: () => plainMail({ headers: ['X-Nul: a\0b'] }),
  bareCr: () => plainMail({ headers: ['X-Cr: a\rX-Injected: b'], text: 'a\rb' }),
  /** The whole mail with LF line ends. */
  bareLf: () => Buffer.from(mixedMail({ files: [] }).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
  header8Bit: () => plainMail({ subject: 'Grüße', headers: ['X-Latin: Gr\u00fc\u00dfe'] }),
  notMime: () => Buffer.from('Hello,\r\nthis is no mail at all\r\n\r\nnot a header: in sight\r\n'),
  empty: () => Buffer.alloc(0),
  dashLines: (lines: number) =>
    mailOf(
      bytes(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: text/plain',
        '',
        '--bx\r\n'.repeat(lines),
        '--b--',
      ),
    ),
  unclosed: () =>
    mailOf(bytes('Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'text')),
  duplicateType: () =>
    mailOf(
      bytes('Content-Type: text/plain', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'hidden', '--b--'),
    ),
  duplicateBoundary: () =>
    mailOf(
      bytes(
        'Content-Type: multipart/mixed; boundary=a; boundary=b',
        '',
        '--b',
        '',
        'b sees this',
        '--b--',
        '--a',
        '',
        'a sees this',
        '--a--',
      ),
    ),
} as const

/** A valid minimal ZIP (stored entries). `encrypted` sets the flag bit alone, which is what lists show. */
export function zipOf(
  entries: readonly { readonly name: string; readonly data?: Uint8Array; readonly encrypted?: boolean }[],
): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const data = Buffer.from(entry.data ?? [])
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(entry.encrypted ? 1 : 0, 6)
    local.writeUInt32LE(data.length, 18)
    local.writeUInt32LE(data.length, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    local.copy(central, 6, 4, 30)
    central.writeUInt32LE(offset, 42)
    locals.push(local, name, data)
    directory.push(central, name)
    offset += 30 + name.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, central, end])
}

/** The first bytes of a DICOM Part 10 file and filler up to `size`. */
export function dicomOf(size: number): Buffer {
  const file = Buffer.alloc(Math.max(size, 132), 0x2a)
  file.fill(0, 0, 128)
  file.write('DICM', 128, 'latin1')
  return file
}

export function stepOf(entities: number): Buffer {
  const data = Array.from({ length: entities }, (_, at) => `#${at + 1}=CARTESIAN_POINT('',(0.,${at}.,0.));`).join('\n')
  return Buffer.from(
    `ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_SCHEMA(('AUTOMOTIVE_DESIGN'));\nENDSEC;\nDATA;\n${data}\nENDSEC;\nEND-ISO-10303-21;\n`,
  )
}
