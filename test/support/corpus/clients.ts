/** Mail as the programs people use write it: header order, folding, boundaries, names, encodings. Values are made up. */
import { base64, crlf, PDF, PNG, part, parts, quoted, type Sample, sample, TIFF, utf8, word } from './sample.ts'

interface Client {
  readonly name: string
  readonly boundary: (level: number) => string
  readonly preamble: string
  /** Lines before the content type; the subject is in wire form. */
  header(subject: string, reply: boolean): readonly string[]
  readonly plain: readonly string[]
  readonly html: readonly string[]
  text(words: string): string
  file(name: string, type: string, disposition: 'attachment' | 'inline', id: string): readonly string[]
}

const quotedName = (name: string) => `"${name}"`
const wordName = (name: string) => `"${/^[ -~]*$/.test(name) ? name : word(name)}"`
const percent = (name: string) => encodeURIComponent(name).replaceAll("'", '%27')
const references = Array.from({ length: 12 }, (_, at) => `<ref-${at}.8f2c4b1e@mail.sender.example>`)

function common(date: string, agent: readonly string[], id: string) {
  return (subject: string, reply: boolean) => [
    'From: Anna Muster <anna@sender.example>',
    'To: "Example, Bob" <b.example@demo.example>',
    ...(reply ? [`In-Reply-To: ${references[11]}`, `References: ${references.join('\r\n\t')}`] : []),
    `Subject: ${subject}`,
    `Date: ${date}`,
    `Message-ID: <${id}@sender.example>`,
    'MIME-Version: 1.0',
    ...agent,
  ]
}

const QP = ['Content-Transfer-Encoding: quoted-printable']
const CLIENTS: readonly Client[] = [
  {
    name: 'outlook',
    boundary: (level) => `----=_NextPart_00${level}_0001_01DC5C6A.1A2B3C40`,
    preamble: 'This is a multipart message in MIME format.\r\n\r\n',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100',
      ['X-Mailer: Microsoft Outlook 16.0', 'Thread-Index: AdxcakFCQ0RFRkdISUpLTE1OT1A=', 'Content-Language: de'],
      '000001dc5c6a$1a2b3c40$4e8183c0$',
    ),
    plain: ['Content-Type: text/plain;', '\tcharset="utf-8"', ...QP],
    html: ['Content-Type: text/html;', '\tcharset="utf-8"', ...QP],
    text: quoted,
    file: (name, type, disposition, id) => [
      `Content-Type: ${type};`,
      `\tname=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition};`,
      `\tfilename=${wordName(name)}`,
      ...(disposition === 'inline' ? [`Content-ID: <${id}>`] : []),
    ],
  },
  {
    name: 'exchange',
    boundary: (level) => `_00${level}_AM0PR01MB4711A1B2C3D4E5F60718293A4B5CAM0PR01MB4711eurpr_`,
    preamble: '',
    header: common(
      'Mon, 23 Nov 2026 08:30:00 +0000',
      [
        'Thread-Topic: Figures of the quarter',
        'Accept-Language: de-DE, en-US',
        'Content-Language: de-DE',
        'X-MS-Has-Attach: yes',
        'X-MS-TNEF-Correlator:',
        'msip_labels:',
        'x-ms-exchange-transport-forked: True',
      ],
      'AM0PR01MB4711A1B2C3D4E5F60718293A4B5C@AM0PR01MB4711.eurprd01.prod',
    ),
    plain: ['Content-Type: text/plain; charset="iso-8859-1"', 'Content-Transfer-Encoding: quoted-printable'],
    html: ['Content-Type: text/html; charset="iso-8859-1"', 'Content-Transfer-Encoding: quoted-printable'],
    text: (words) => quoted(words).replaceAll('=C3=BC', '=FC').replaceAll('=C3=9F', '=DF').replaceAll('=C3=A4', '=E4'),
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}; name=${wordName(name)}`,
      `Content-Description: ${/^[ -~]*$/.test(name) ? name : word(name)}`,
      `Content-Disposition: ${disposition}; filename=${wordName(name)}; size=4711;`,
      '\tcreation-date="Mon, 23 Nov 2026 08:29:00 GMT";',
      '\tmodification-date="Mon, 23 Nov 2026 08:30:00 GMT"',
      `Content-ID: <${id}>`,
      'Content-Transfer-Encoding: base64',
    ],
  },
  {
    name: 'apple-mail',
    boundary: (level) => `Apple-Mail=_9D1C2B3A-4F5E-4711-8A9B-0C1D2E3F4A5${level}`,
    preamble: '\r\n',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100',
      [
        'Mime-Version-Note: 1.0 (Mac OS X Mail 16.0)',
        'X-Mailer: Apple Mail (2.3826.300.87)',
        'X-Universally-Unique-Identifier: 0C1D2E3F-4A5B',
      ],
      '9D1C2B3A-4F5E-4711',
    ),
    plain: ['Content-Transfer-Encoding: quoted-printable', 'Content-Type: text/plain;', '\tcharset=utf-8'],
    html: ['Content-Transfer-Encoding: quoted-printable', 'Content-Type: text/html;', '\tcharset=utf-8'],
    text: quoted,
    file: (name, type, disposition, id) => [
      `Content-Disposition: ${disposition};`,
      /^[ -~]*$/.test(name) ? `\tfilename=${quotedName(name)}` : `\tfilename*=utf-8''${percent(name)}`,
      `Content-Type: ${type};`,
      '\tx-unix-mode=0644;',
      `\tname=${wordName(name)}`,
      ...(disposition === 'inline' ? [`Content-Id: <${id}>`] : []),
      'Content-Transfer-Encoding: base64',
    ],
  },
  {
    name: 'thunderbird',
    boundary: (level) => `------------0Qf7Kk2Vb1Wz9Xc8Lm3Nj4P${level}`,
    preamble: 'This is a multi-part message in MIME format.\r\n',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100',
      ['User-Agent: Mozilla Thunderbird', 'Content-Language: de-DE'],
      '3f5e6d7c-8b9a-4711-a1b2-c3d4e5f60718',
    ),
    plain: ['Content-Type: text/plain; charset=UTF-8; format=flowed', 'Content-Transfer-Encoding: 8bit'],
    html: ['Content-Type: text/html; charset=UTF-8', 'Content-Transfer-Encoding: 8bit'],
    text: (words) => utf8(words).replaceAll('\n', '\r\n'),
    file: (name, type, disposition, id) => {
      const encoded = percent(name)
      const cut = Math.ceil(encoded.length / 2)
      const safe = encoded.charAt(cut - 1) === '%' ? cut + 2 : encoded.charAt(cut - 2) === '%' ? cut + 1 : cut
      return [
        `Content-Type: ${type}; name=${wordName(name)}`,
        ...(disposition === 'inline' ? [`Content-Id: <${id}>`] : []),
        /^[ -~]*$/.test(name)
          ? `Content-Disposition: ${disposition}; filename=${quotedName(name)}`
          : `Content-Disposition: ${disposition}; filename*0*=UTF-8''${encoded.slice(0, safe)};\r\n filename*1*=${encoded.slice(safe)}`,
        'Content-Transfer-Encoding: base64',
      ]
    },
  },
  {
    name: 'gmail',
    boundary: (level) => `0000000000004f2a1b063c5d7e8${level}`,
    preamble: '',
    header: common('Mon, 23 Nov 2026 09:30:00 +0100', ['X-Gm-Message-State: AOJu0Yz1234'], 'CAKf4711=abcDEF-gh_IJ'),
    plain: ['Content-Type: text/plain; charset="UTF-8"', 'Content-Transfer-Encoding: base64'],
    html: ['Content-Type: text/html; charset="UTF-8"', 'Content-Transfer-Encoding: base64'],
    text: (words) => base64(words.replaceAll('\n', '\r\n')),
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}; name=${wordName(name)}`,
      `Content-Disposition: ${disposition}; filename=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      `Content-ID: <${id}>`,
      `X-Attachment-Id: ${id}`,
    ],
  },
  {
    name: 'sap',
    boundary: (level) => `=_4711${level}SAP00000000000000000000000000`,
    preamble: '',
    header: common(
      'Mon, 23 Nov 2026 08:30:00 GMT',
      ['X-Mailer: SAP NetWeaver 7.50', 'Importance: normal', 'Sensitivity: '],
      '005056B4E1F21EDFA3C4711',
    ),
    plain: [
      'Content-Type: text/plain;',
      '\tcharset="iso-8859-1"',
      'Content-Transfer-Encoding: 8bit',
      'Content-Description: Figures',
    ],
    html: ['Content-Type: text/html;', '\tcharset="iso-8859-1"', 'Content-Transfer-Encoding: 8bit'],
    text: (words) => words.replaceAll('\n', '\r\n'),
    file: (name, type, disposition) => [
      `Content-Type: ${type};`,
      `\tname=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition}; filename=${wordName(name)}`,
    ],
  },
  {
    name: 'phpmailer',
    boundary: (level) => `b${level}_Zk4711aBcDeFgHiJkLmNoPqRsTuVwXyZ`,
    preamble: 'This is a multi-part message in MIME format.\r\n\r\n',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100',
      ['X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)'],
      'Zk4711aBcDeFgHiJkLmNoPqRsTuVwXyZ',
    ),
    plain: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'],
    html: ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: 8bit'],
    text: (words) => utf8(words).replaceAll('\n', '\r\n'),
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}; name=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      ...(disposition === 'inline' ? [`Content-ID: <${id}>`] : []),
      `Content-Disposition: ${disposition}; filename=${wordName(name)}`,
    ],
  },
  {
    name: 'javamail',
    boundary: (level) => `----=_Part_${level}_4711471.1764${level}00000`,
    preamble: '',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100 (CET)',
      ['X-Priority: 3'],
      '1234567890.1.1764000000000.JavaMail.app',
    ),
    plain: ['Content-Type: text/plain; charset=UTF-8', 'Content-Transfer-Encoding: quoted-printable'],
    html: ['Content-Type: text/html;charset=UTF-8', 'Content-Transfer-Encoding: quoted-printable'],
    text: quoted,
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}; name=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition}; filename=${wordName(name)}`,
      ...(disposition === 'inline' ? [`Content-ID: <${id}>`] : []),
    ],
  },
  {
    name: 'python',
    boundary: (level) => `===============471147114711471147${level}==`,
    preamble: '',
    header: common('Mon, 23 Nov 2026 08:30:00 -0000', [], '176388660000.4711.8471147114711'),
    plain: ['Content-Type: text/plain; charset="utf-8"', 'Content-Transfer-Encoding: base64'],
    html: ['Content-Type: text/html; charset="utf-8"', 'Content-Transfer-Encoding: base64'],
    text: (words) => base64(words),
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}`,
      'Content-Transfer-Encoding: base64',
      /^[ -~]*$/.test(name)
        ? `Content-Disposition: ${disposition}; filename=${quotedName(name)}`
        : `Content-Disposition: ${disposition}; filename*=utf-8''${percent(name)}`,
      ...(disposition === 'inline' ? [`Content-ID: <${id}>`] : []),
    ],
  },
  {
    name: 'lotus-notes',
    boundary: (level) => `=_mixed 0047${level}1B2AC1258D3F_=`,
    preamble: '',
    header: common(
      'Mon, 23 Nov 2026 09:30:00 +0100',
      [
        'X-Mailer: Lotus Notes Release 9.0.1FP10',
        'X-MIMETrack: Serialize by Router on MAIL01/DEMO(Release 9.0.1FP10|April 2018) at\r\n 23.11.2026 09:30:01,\r\n\tSerialize complete at 23.11.2026 09:30:01',
      ],
      'OF4711AB12.3C4D5E6F-ONC1258D3F.002F',
    ),
    plain: ['Content-Type: text/plain; charset="ISO-8859-1"', 'Content-Transfer-Encoding: quoted-printable'],
    html: ['Content-Type: text/html; charset="ISO-8859-1"', 'Content-Transfer-Encoding: quoted-printable'],
    text: (words) => quoted(words).replaceAll('=C3=BC', '=FC').replaceAll('=C3=9F', '=DF').replaceAll('=C3=A4', '=E4'),
    file: (name, type, disposition, id) => [
      `Content-Type: ${type}; name=${wordName(name)}`,
      `Content-Disposition: ${disposition}; filename=${wordName(name)}`,
      'Content-Transfer-Encoding: base64',
      ...(disposition === 'inline' ? [`Content-ID: <${id}>`] : []),
    ],
  },
]

const WORDS = 'Guten Tag Bob,\nanbei die Zahlen, mit Grüßen aus Fürth.\n\nAnna'
const HTML =
  '<html><body><p>Guten Tag Bob,</p><p>anbei die Zahlen, mit Gr\u00fc\u00dfen aus F\u00fcrth.</p></body></html>'
const LONG = `${'Sehr geehrte Damen und Herren, '.repeat(40).trim()}`

function mailsOf(client: Client): readonly Sample[] {
  const plain = part(client.plain, client.text(`${WORDS}\n`))
  const html = part(client.html, client.text(`${HTML}\n`))
  const multi = (subtype: string, level: number, list: readonly string[]) =>
    part(
      [`Content-Type: multipart/${subtype};`, `\tboundary="${client.boundary(level)}"`],
      parts(client.boundary(level), list, client.preamble),
    )
  const file = (name: string, type: string, data: Buffer, disposition: 'attachment' | 'inline' = 'attachment') =>
    part(client.file(name, type, disposition, `${name.replace(/[^a-z0-9]/gi, '')}.1@sender.example`), base64(data))
  const page = part(
    client.html,
    client.text('<html><body><img src="cid:logopng.1@sender.example"><p>Hallo</p></body></html>\n'),
  )
  const both = multi('alternative', 1, [plain, html])
  const shapes: readonly (readonly [string, string, string, boolean?])[] = [
    ['plain', 'Zahlen', plain],
    ['alternative', word('Grüße'), both],
    ['one-file', 'Zahlen', multi('mixed', 2, [plain, file('Zahlen.pdf', 'application/pdf', PDF)])],
    [
      'named-in-german',
      word('Übersicht'),
      multi('mixed', 2, [both, file('Prüfbericht Größe 5.pdf', 'application/pdf', PDF)]),
    ],
    [
      'picture-in-text',
      'Logo',
      multi('related', 2, [multi('alternative', 3, [plain, page]), file('logo.png', 'image/png', PNG, 'inline')]),
    ],
    [
      'three-levels',
      'Alles',
      multi('mixed', 4, [
        multi('related', 2, [multi('alternative', 3, [plain, page]), file('logo.png', 'image/png', PNG, 'inline')]),
        file('a.pdf', 'application/pdf', PDF),
        file('b.tif', 'image/tiff', TIFF),
      ]),
    ],
    ['answer', 'Re: Zahlen', both, true],
    ['long-lines', 'Brief', part(client.plain, client.text(`${LONG}\n`))],
    ['html-only', 'Rundschreiben', html],
    ['only-a-file', 'Datei', file('Zahlen.pdf', 'application/pdf', PDF)],
  ]
  return shapes.map(([shape, subject, entity, reply]) =>
    sample(`${client.name}/${shape}`, `${crlf(...client.header(subject, reply ?? false))}${entity}`),
  )
}

const SCANNERS: readonly (readonly [string, readonly string[], string, Buffer])[] = [
  [
    'kyocera',
    ['X-Mailer: KYOCERA MFP', 'Content-Type: multipart/mixed; boundary="KM_471147114711"'],
    'doc00471120261123093000.pdf',
    PDF,
  ],
  [
    'ricoh',
    [
      'X-Mailer: RICOH MP C4504',
      'Content-Type: multipart/mixed;\r\n boundary="DC_BOUND_PRE_<1764000000.0026731a4711>"',
    ],
    '20261123093000471.tif',
    TIFF,
  ],
  ['canon', ['X-Mailer: iR-ADV', 'Content-Type: multipart/mixed; boundary="==0004711=="'], '0471_001.pdf', PDF],
  [
    'hp',
    ['X-Mailer: HP Digital Sender', 'Content-type: multipart/mixed; boundary=--hp-4711-boundary'],
    '[Untitled].pdf',
    PDF,
  ],
]

const scanners = SCANNERS.map(([name, header, fileName, data]) => {
  const boundary = /boundary="?([^"]+)"?$/s.exec(header.at(-1)!)![1]!
  const wire = crlf(
    'From: scanner@sender.example',
    'To: b.example@demo.example',
    'Subject: Scan',
    'Date: Mon, 23 Nov 2026 09:30:00 +0100',
    `Message-ID: <${name}.4711@sender.example>`,
    'MIME-Version: 1.0',
    ...header,
  )
  const file = part(
    [
      `Content-Type: application/octet-stream; name="${fileName}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${fileName}"`,
    ],
    base64(data),
  )
  const text = part(
    ['Content-Type: text/plain; charset=US-ASCII', 'Content-Transfer-Encoding: 7bit'],
    'Scanned from a device.\r\n',
  )
  return sample(`scanner/${name}`, `${wire}\r\n${parts(boundary, [text, file])}`)
})

export const clients: readonly Sample[] = [...CLIENTS.flatMap(mailsOf), ...scanners]
