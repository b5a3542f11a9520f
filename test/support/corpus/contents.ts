/** Kinds of mail with rules of their own, and files inside of files. */
import { gzipSync } from 'node:zlib'
import { zipOf } from '../mails.ts'
import { tarOf, tnefOf, uuOf, yencOf } from './containers.ts'
import { base64, crlf, EXE, head, PDF, part, parts, type Sample, sample } from './sample.ts'

const text = (words: string) => part(['Content-Type: text/plain; charset=us-ascii'], `${words}\r\n`)
const mail = (name: string, entity: string, clean = true, header: readonly string[] = []) =>
  sample(name, `${head(header)}${entity}`, clean)
const multi = (type: string, list: readonly string[]) =>
  part([`Content-Type: ${type}; boundary="k4711"`], parts('k4711', list))
const file = (name: string, data: Buffer, type = 'application/octet-stream') =>
  part(
    [
      `Content-Type: ${type}; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${name}"`,
    ],
    base64(data),
  )

const SIGNED = Buffer.concat([Buffer.from('3082010006092a864886f70d010702a08200f1', 'hex'), Buffer.alloc(241, 7)])
const ENVELOPED = Buffer.concat([Buffer.from('3082010006092a864886f70d010703a08200f1', 'hex'), Buffer.alloc(241, 9)])
const ARMOR = '-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0VGR0hJSktMAQ==\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAABCAAdFiEE\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n'
const pkcs7 = (kind: string, data: Buffer) =>
  part(
    [
      `Content-Type: application/pkcs7-mime; smime-type=${kind}; name="smime.p7m"`,
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename="smime.p7m"',
    ],
    base64(data),
  )
const pgpSigned = (entity: string) =>
  multi('multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"', [
    entity,
    part(['Content-Type: application/pgp-signature; name="signature.asc"'], SIGNATURE),
  ])
const smimeSigned = (entity: string) =>
  multi('multipart/signed; micalg=sha-256; protocol="application/pkcs7-signature"', [
    entity,
    part(
      [
        'Content-Type: application/pkcs7-signature; name="smime.p7s"',
        'Content-Transfer-Encoding: base64',
        'Content-Disposition: attachment; filename="smime.p7s"',
      ],
      base64(SIGNED),
    ),
  ])

const sealed = [
  mail('sealed/smime-clear-signed', smimeSigned(text('signed'))),
  mail(
    'sealed/smime-signed-with-file',
    smimeSigned(
      part(['Content-Type: multipart/mixed; boundary=in'], parts('in', [text('signed'), file('a.pdf', PDF)])),
    ),
  ),
  mail('sealed/smime-opaque-signed', pkcs7('signed-data', SIGNED), false),
  mail('sealed/smime-enveloped', pkcs7('enveloped-data', ENVELOPED)),
  mail('sealed/smime-auth-enveloped', pkcs7('authEnveloped-data', ENVELOPED)),
  mail(
    'sealed/smime-inside-mixed',
    multi('multipart/mixed', [
      text('a list put this around'),
      smimeSigned(text('signed')).replaceAll('k4711', 'inner'),
    ]),
  ),
  mail('sealed/pgp-signed', pgpSigned(text('signed'))),
  mail(
    'sealed/pgp-encrypted',
    multi('multipart/encrypted; protocol="application/pgp-encrypted"', [
      part(['Content-Type: application/pgp-encrypted'], 'Version: 1\r\n'),
      part(
        [
          'Content-Type: application/octet-stream; name="encrypted.asc"',
          'Content-Disposition: inline; filename="encrypted.asc"',
        ],
        ARMOR,
      ),
    ]),
  ),
  mail('sealed/pgp-inline', text(`see\r\n${ARMOR}`)),
  mail(
    'sealed/pgp-inline-signed',
    text(`-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nsigned\r\n${SIGNATURE}`),
  ),
  mail('sealed/pgp-file', multi('multipart/mixed', [text('see'), file('a.pdf.pgp', Buffer.from(ARMOR))])),
  mail(
    'sealed/pgp-key',
    multi('multipart/mixed', [
      text('my key'),
      file('key.asc', Buffer.from(ARMOR.replaceAll('MESSAGE', 'PUBLIC KEY BLOCK')), 'application/pgp-keys'),
    ]),
  ),
  mail(
    'sealed/signed-hides-a-file',
    multi('multipart/signed; micalg=sha-256; protocol="application/pgp-signature"', [
      text('signed'),
      file('evil.exe', EXE, 'application/pgp-signature'),
    ]),
  ),
]

const calendar = (method: string, more = '') =>
  crlf(
    'BEGIN:VCALENDAR',
    'PRODID:-//X//Y//EN',
    'VERSION:2.0',
    `METHOD:${method}`,
    'BEGIN:VEVENT',
    'UID:4711@sender.example',
    'ORGANIZER:mailto:anna@sender.example',
    'DTSTART:20261124T090000Z',
    'SUMMARY:Meeting',
    `${more}END:VEVENT`,
    'END:VCALENDAR',
  )
const invite = (method: string) =>
  part([`Content-Type: text/calendar; charset=utf-8; method=${method}`], calendar(method))
const meetings = [
  ...['REQUEST', 'REPLY', 'CANCEL', 'COUNTER'].map((method) =>
    mail(`meeting/${method.toLowerCase()}`, multi('multipart/alternative', [text('meeting'), invite(method)])),
  ),
  mail('meeting/only', invite('REQUEST')),
  mail(
    'meeting/with-file',
    multi('multipart/mixed', [
      multi('multipart/alternative', [text('meeting'), invite('REQUEST')]).replaceAll('k4711', 'inner'),
      file('agenda.pdf', PDF),
    ]),
  ),
  mail(
    'meeting/as-file',
    multi('multipart/mixed', [text('see'), file('invite.ics', Buffer.from(calendar('PUBLISH')), 'text/calendar')]),
  ),
]

const status = (action: string, code: string) =>
  part(
    ['Content-Type: message/delivery-status'],
    crlf(
      'Reporting-MTA: dns; mx.sender.example',
      '',
      'Final-Recipient: rfc822; x@y.example',
      `Action: ${action}`,
      `Status: ${code}`,
    ),
  )
const returned = part(['Content-Type: text/rfc822-headers'], crlf('From: b.example@demo.example', 'Subject: Lost'))
const whole = part(['Content-Type: message/rfc822'], `${head([], 'Lost')}${text('lost')}`)
const report = (type: string, list: readonly string[]) => multi(`multipart/report; report-type=${type}`, list)
const automatic = ['Auto-Submitted: auto-replied']
const reports = [
  ...(['failed', 'delayed', 'delivered', 'relayed'] as const).map((action, at) =>
    mail(
      `report/${action}`,
      report('delivery-status', [
        text(`Your mail was ${action}.`),
        status(action, ['5.1.1', '4.4.1', '2.0.0', '2.0.0'][at]!),
        returned,
      ]),
      true,
      automatic,
    ),
  ),
  mail(
    'report/whole-mail',
    report('delivery-status', [text('failed'), status('failed', '5.1.1'), whole]),
    true,
    automatic,
  ),
  mail(
    'report/global',
    report('delivery-status', [
      text('failed'),
      status('failed', '5.1.1').replace('delivery-status', 'global-delivery-status'),
      whole,
    ]),
    true,
    automatic,
  ),
  mail(
    'report/disposition',
    report('disposition-notification', [
      text('read'),
      part(
        ['Content-Type: message/disposition-notification'],
        crlf('Final-Recipient: rfc822; x@y.example', 'Disposition: manual-action/MDN-sent-manually; displayed'),
      ),
    ]),
  ),
  mail(
    'report/feedback',
    report('feedback-report', [
      text('abuse'),
      part(['Content-Type: message/feedback-report'], crlf('Feedback-Type: abuse', 'User-Agent: X/1', 'Version: 1')),
      whole,
    ]),
  ),
  mail('report/without-structure', text('This is the mail system. I am sorry to inform you'), true, automatic),
]
const machines = [
  ...['auto-generated', 'auto-replied', 'auto-notified; owner-email="a@x.example"', 'no'].map((value, at) =>
    mail(`automatic/${at}-${value.split(';')[0]}`, text('automatic'), true, [`Auto-Submitted: ${value}`]),
  ),
  mail('automatic/precedence', text('newsletter'), true, ['Precedence: bulk', 'X-Auto-Response-Suppress: All']),
  mail('list/headers', text('to the list'), true, [
    'List-Id: <team.lists.example>',
    'List-Unsubscribe: <https://lists.example/u>, <mailto:u@lists.example>',
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    'Precedence: list',
  ]),
  mail(
    'list/footer',
    multi('multipart/mixed', [
      text('to the list'),
      part(
        ['Content-Type: text/plain; charset=us-ascii', 'Content-Disposition: inline'],
        '_____\r\nteam mailing list\r\n',
      ),
    ]),
    true,
    ['List-Id: <team.lists.example>'],
  ),
]

const archive = (name: string, data: Buffer, clean = true) =>
  mail(`archive/${name}`, multi('multipart/mixed', [text('see'), file(name.replace(/^[^.]*-/, ''), data)]), clean)
const zip = zipOf([
  { name: 'docs/report.pdf', data: PDF },
  { name: 'run.exe', data: EXE },
])
const nest = (depth: number): Buffer =>
  depth === 0 ? zip : zipOf([{ name: `level-${depth}.zip`, data: nest(depth - 1) }])
const tar = tarOf([
  { name: 'docs/report.pdf', data: PDF },
  { name: 'run.exe', data: EXE },
])
const archives = [
  archive('a.zip', zip),
  archive('empty-a.zip', zipOf([])),
  archive('locked-a.zip', zipOf([{ name: 'run.exe', data: EXE, encrypted: true }]), false),
  ...[1, 2, 3].map((depth) => archive(`nested${depth}-a.zip`, nest(depth))),
  archive('nested6-a.zip', nest(6), false),
  archive('prefixed-a.zip', Buffer.concat([EXE, zip])),
  archive('damaged-a.zip', zip.subarray(0, zip.length - 30), false),
  archive('a.tar', tar),
  archive('a.tar.gz', gzipSync(tar)),
  archive('a.tgz', gzipSync(tar)),
  archive('a.pdf.gz', gzipSync(PDF)),
  archive('damaged-a.gz', gzipSync(tar).subarray(0, 100), false),
  archive('a.7z', Buffer.concat([Buffer.from('377abcaf271c0004', 'hex'), Buffer.alloc(80, 1)]), false),
  archive('a.rar', Buffer.concat([Buffer.from('Rar!\x1a\x07\x01\x00', 'latin1'), Buffer.alloc(80, 1)]), false),
  archive('a.iso', Buffer.alloc(600, 1), false),
]

const tnef = tnefOf({
  body: 'Words in TNEF',
  files: [
    { title: 'REPORT~1.PDF', longName: 'The report.pdf', data: PDF },
    { title: 'run.exe', data: EXE },
  ],
})
const uu = uuOf('run.exe', EXE)
const others = [
  mail('tnef/attached', multi('multipart/mixed', [text('see'), file('winmail.dat', tnef, 'application/ms-tnef')])),
  mail('tnef/whole-mail', file('winmail.dat', tnef, 'application/ms-tnef')),
  mail('tnef/unnamed', multi('multipart/mixed', [text('see'), file('data.bin', tnef)])),
  mail(
    'tnef/cut',
    multi('multipart/mixed', [
      text('see'),
      file('winmail.dat', tnef.subarray(0, tnef.length - 40), 'application/ms-tnef'),
    ]),
    false,
  ),
  mail('embedded/uuencode', text(`see\r\n${uu}bye`)),
  mail('embedded/uuencode-base64', text(`see\r\nbegin-base64 644 a.pdf\r\n${base64(PDF)}====\r\n`)),
  mail('embedded/uuencode-cut', text(`see\r\n${uu.replace('end\r\n', '')}`), false),
  mail(
    'embedded/uuencode-only-words',
    text('we begin 644 things\r\nbegin 644 things today\r\nand go on with words that are no data at all, are they'),
    false,
  ),
  mail(
    'embedded/uuencode-transfer',
    multi('multipart/mixed', [
      text('see'),
      part(['Content-Type: application/octet-stream; name=real.exe', 'Content-Transfer-Encoding: x-uuencode'], uu),
    ]),
    false,
  ),
  sample(
    'embedded/yenc',
    Buffer.concat([
      Buffer.from(
        `${head()}${part(['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit'], '')}see\r\n`,
        'latin1',
      ),
      yencOf('run.exe', EXE),
    ]),
  ),
  sample(
    'embedded/yenc-part',
    Buffer.concat([
      Buffer.from(
        `${head()}${part(['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit'], '')}`,
        'latin1',
      ),
      yencOf('run.exe', EXE, 'part=1 total=2 '),
    ]),
    false,
  ),
  mail('embedded/two-files', text(`${uu}${uu.replace('run', 'walk')}`)),
]

export const contents: readonly Sample[] = [...sealed, ...meetings, ...reports, ...machines, ...archives, ...others]
