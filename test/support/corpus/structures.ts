/** Trees of parts: nesting, boundaries, text around the parts, messages inside, and what readers take in two ways. */
import { base64, crlf, EXE, head, PDF, part, parts, type Sample, sample } from './sample.ts'

const text = (words: string) => part(['Content-Type: text/plain; charset=us-ascii'], `${words}\r\n`)
const html = (words: string) => part(['Content-Type: text/html; charset=us-ascii'], `<p>${words}</p>\r\n`)
const file = (name: string, data: Buffer = PDF, type = 'application/octet-stream') =>
  part(
    [
      `Content-Type: ${type}; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${name}"`,
    ],
    base64(data),
  )
const multi = (subtype: string, boundary: string, list: readonly string[], preamble = '', epilogue = '') =>
  part([`Content-Type: multipart/${subtype}; boundary="${boundary}"`], parts(boundary, list, preamble, epilogue))
const mail = (name: string, entity: string, clean = true, header: readonly string[] = []) =>
  sample(`structure/${name}`, `${head(header)}${entity}`, clean)
const message = (inner: string, lines: readonly string[] = []) =>
  part(['Content-Type: message/rfc822', ...lines], inner)
const inner = (entity: string, subject = 'The mail inside') => `${head([], subject)}${entity}`

const nested = (depth: number): string =>
  depth === 0 ? text('deepest') : multi('mixed', `level-${depth}-x`, [text(`level ${depth}`), nested(depth - 1)])
const forwarded = (depth: number): string =>
  depth === 0
    ? text('deepest')
    : multi('mixed', `fw-${depth}-x`, [text('see below'), message(inner(forwarded(depth - 1)))])

const trees = [
  ...['mixed', 'alternative', 'related', 'parallel', 'unheard-of', 'form-data', 'byteranges'].map((subtype) =>
    mail(`multipart-${subtype}`, multi(subtype, 'b4711', [text('one'), html('two'), file('a.pdf')])),
  ),
  ...[2, 3, 5, 10, 20, 40].map((depth) => mail(`nested-${depth}`, nested(depth))),
  ...[1, 2, 3, 6].map((depth) => mail(`forwarded-${depth}`, forwarded(depth))),
  ...[1, 2, 10, 100, 400].map((count) =>
    mail(
      `parts-${count}`,
      multi(
        'mixed',
        'many',
        Array.from({ length: count }, (_, at) => file(`file-${at}.pdf`)),
      ),
    ),
  ),
  mail('alternative-differs', multi('alternative', 'alt', [text('pay 100'), html('pay 9000')])),
  mail(
    'alternative-hidden-html',
    multi('alternative', 'alt', [text('harmless'), html('seen<span style="display:none">hidden</span><!-- note -->')]),
  ),
  mail(
    'html-for-outlook',
    part(
      ['Content-Type: text/html; charset=us-ascii'],
      '<p>seen</p><!--[if mso]><p>only Outlook shows this</p><![endif]--><!-- nobody shows this --><noscript>without scripts</noscript><style>p{}</style>\r\n',
    ),
  ),
  mail(
    'alternative-of-mixed',
    multi('alternative', 'alt', [text('one'), multi('mixed', 'in', [html('one'), file('a.pdf')])]),
  ),
  mail(
    'alternative-with-rtf',
    multi('alternative', 'alt', [text('one'), part(['Content-Type: text/rtf'], '{\\rtf1 one}\r\n')]),
  ),
  mail(
    'related-start',
    part(
      ['Content-Type: multipart/related; boundary=rel; start="<root@x>"'],
      parts('rel', [file('a.pdf'), part(['Content-Type: text/html', 'Content-ID: <root@x>'], '<p>root</p>\r\n')]),
    ),
  ),
  mail(
    'inline-text-file',
    multi('mixed', 'in', [
      text('body'),
      part(
        ['Content-Type: text/plain; name=notes.txt', 'Content-Disposition: inline; filename=notes.txt'],
        'words in a named part\r\n',
      ),
    ]),
  ),
  mail(
    'inline-unnamed',
    multi('mixed', 'in', [
      text('body'),
      part(
        ['Content-Type: application/pdf', 'Content-Disposition: inline', 'Content-Transfer-Encoding: base64'],
        base64(PDF),
      ),
    ]),
  ),
  mail(
    'text-as-attachment',
    multi('mixed', 'in', [
      text('body'),
      part(['Content-Type: text/plain', 'Content-Disposition: attachment'], 'unnamed attachment\r\n'),
    ]),
  ),
  mail('two-bodies', multi('mixed', 'in', [text('first'), html('second'), text('third')])),
  mail('no-headers-in-part', multi('mixed', 'in', ['\r\nimplicit text\r\n', file('a.pdf')])),
  mail('empty-part', multi('mixed', 'in', ['\r\n', text('x')])),
  mail(
    'digest',
    multi('digest', 'dig', [
      `\r\n${inner(text('one'), 'First')}`,
      `\r\n${inner(multi('mixed', 'd-in', [text('two'), file('a.pdf')]), 'Second')}`,
    ]),
  ),
  mail(
    'forwarded-with-file',
    multi('mixed', 'fw', [
      text('see'),
      message(inner(multi('mixed', 'inside', [text('inside'), file('secret.exe', EXE)]))),
    ]),
  ),
  mail('only-a-message', message(inner(text('inside')))),
  mail(
    'message-named',
    message(inner(text('inside')), ['Content-Disposition: attachment; filename="The mail inside.eml"']),
  ),
  mail(
    'message-as-file',
    multi('mixed', 'em', [
      text('see'),
      file(
        'mail.eml',
        Buffer.from(inner(multi('mixed', 'em-in', [text('inside'), file('secret.exe', EXE)]))),
        'application/octet-stream',
      ),
    ]),
  ),
  mail(
    'message-base64',
    multi('mixed', 'em', [
      text('see'),
      part(
        ['Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64'],
        base64(inner(multi('mixed', 'em-in', [text('inside'), file('secret.exe', EXE)]))),
      ),
    ]),
    false,
  ),
  mail('message-global', message(inner(text('inside'))).replace('message/rfc822', 'message/global')),
]

const delimited = (name: string, boundary: string, parameter = `"${boundary}"`, clean = true) =>
  mail(
    `boundary-${name}`,
    part([`Content-Type: multipart/mixed; boundary=${parameter}`], parts(boundary, [text('one'), file('a.pdf')])),
    clean,
  )

const boundaries = [
  delimited('70-characters', 'b'.repeat(70)),
  delimited('71-characters', 'b'.repeat(71), undefined, false),
  delimited('one-character', 'x', 'x'),
  delimited('all-signs', "a'()+_,-./:=?z"),
  delimited('space-inside', 'a b c'),
  delimited('dashes', '------'),
  delimited('regular-expression', '.*[a-z]+(?=x)'),
  mail(
    'boundary-trailing-space-on-line',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b  \r\n${text('one')}\r\n--b\t\r\n${text('two')}\r\n--b-- \r\n`,
    ),
  ),
  mail(
    'boundary-trailing-space',
    part(['Content-Type: multipart/mixed; boundary="b "'], `--b\r\n${text('one')}\r\n--b--\r\n`),
  ),
  mail(
    'boundary-prefix',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b\r\n${part(['Content-Type: multipart/alternative; boundary=bb'], parts('bb', [text('one'), html('one')]))}\r\n--b--\r\n`,
    ),
    false,
  ),
  mail(
    'boundary-prefix-line',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b\r\n${text('one')}--bx\r\n${file('hidden.exe', EXE)}\r\n--b--\r\n`,
    ),
    false,
  ),
  mail(
    'boundary-reused',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b\r\n${part(['Content-Type: multipart/alternative; boundary=b'], parts('b', [text('one'), html('one')]))}\r\n--b--\r\n`,
    ),
    false,
  ),
  mail(
    'boundary-duplicate',
    part(
      ['Content-Type: multipart/mixed; boundary=a; boundary=b'],
      `--a\r\n${text('a')}\r\n--b\r\n${file('b.exe', EXE)}\r\n--b--\r\n--a--\r\n`,
    ),
    false,
  ),
  mail(
    'boundary-extended',
    part(
      ["Content-Type: multipart/mixed; boundary*=us-ascii''a; boundary=b"],
      `--a\r\n${text('a')}\r\n--b\r\n${file('b.exe', EXE)}\r\n--b--\r\n--a--\r\n`,
    ),
    false,
  ),
  mail(
    'boundary-continued',
    part(['Content-Type: multipart/mixed; boundary*0=a; boundary*1=b'], parts('ab', [text('ab'), file('b.exe', EXE)])),
    false,
  ),
  mail(
    'boundary-missing',
    part(['Content-Type: multipart/mixed'], parts('b', [text('one'), file('b.exe', EXE)])),
    false,
  ),
  mail('boundary-empty', part(['Content-Type: multipart/mixed; boundary=""'], parts('', [text('one')])), false),
  mail(
    'boundary-in-comment',
    part(['Content-Type: multipart/mixed; (boundary=a) boundary=b'], parts('b', [text('one'), file('a.pdf')])),
  ),
  mail(
    'close-missing',
    part(['Content-Type: multipart/mixed; boundary=b'], `--b\r\n${text('one')}\r\n--b\r\n${file('a.pdf')}`),
    false,
  ),
  mail(
    'close-missing-inside',
    multi('mixed', 'out', [
      part(['Content-Type: multipart/alternative; boundary=in'], `--in\r\n${text('one')}\r\n`),
      file('a.pdf'),
    ]),
    false,
  ),
  mail(
    'after-close',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `${parts('b', [text('one')])}--b\r\n${file('late.exe', EXE)}--b--\r\n`,
    ),
    false,
  ),
  mail('no-parts', part(['Content-Type: multipart/mixed; boundary=b'], 'nothing here\r\n'), false),
  mail('only-close', part(['Content-Type: multipart/mixed; boundary=b'], '--b--\r\n'), false),
  mail(
    'delimiter-in-header',
    part(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b\r\nContent-Type: text/plain\r\n--b\r\n${text('one')}--b--\r\n`,
    ),
    false,
  ),
  mail(
    'delimiter-bare',
    part(['Content-Type: multipart/mixed; boundary=b'], `--b\r\n${text('one --b not here')} --b\r\nx--b\r\n--b--\r\n`),
  ),
]

const around = [
  mail(
    'preamble',
    multi('mixed', 'b', [text('one'), file('a.pdf')], 'This is a multi-part message in MIME format.\r\n'),
  ),
  mail('preamble-words', multi('mixed', 'b', [text('one')], 'Words that stand before the first part.\r\n')),
  mail('epilogue', multi('mixed', 'b', [text('one')], '', 'Words that stand after the last part.\r\n')),
  mail('preamble-like-a-part', multi('mixed', 'b', [text('one')], `--c\r\n${file('hidden.exe', EXE)}--c--\r\n`), false),
  mail(
    'epilogue-like-a-part',
    multi('mixed', 'b', [text('one')], '', `--c\r\n${file('hidden.exe', EXE)}--c--\r\n`),
    false,
  ),
  mail('epilogue-uuencode', multi('mixed', 'b', [text('one')], '', 'begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n'), false),
]

const twice = (name: string, lines: readonly string[], body: string) =>
  mail(`twice-${name}`, `${crlf(...lines)}\r\n${body}`, false)
const broken = [
  twice(
    'content-type',
    ['Content-Type: text/plain', 'Content-Type: multipart/mixed; boundary=b'],
    parts('b', [file('hidden.exe', EXE)]),
  ),
  twice(
    'content-type-reverse',
    ['Content-Type: multipart/mixed; boundary=b', 'Content-Type: text/plain'],
    parts('b', [file('hidden.exe', EXE)]),
  ),
  twice(
    'content-disposition',
    ['Content-Type: application/pdf', 'Content-Disposition: inline', 'Content-Disposition: attachment; filename=a.exe'],
    'x\r\n',
  ),
  twice('mime-version', ['MIME-Version: 1.0', 'Content-Type: text/plain'], 'x\r\n'),
  mail('content-type-invalid', part(['Content-Type: text'], 'x\r\n'), false),
  mail('content-type-empty', part(['Content-Type:'], 'x\r\n'), false),
  mail('content-type-slashes', part(['Content-Type: text/plain/html'], '<p>x</p>\r\n'), false),
  mail('content-type-comma', part(['Content-Type: text/plain, text/html'], '<p>x</p>\r\n'), false),
  mail('content-type-upper-case', part(['CONTENT-TYPE: TEXT/PLAIN; CHARSET=US-ASCII'], 'x\r\n')),
  mail('content-type-comment', part(['Content-Type: (text/html) text/plain'], 'x\r\n')),
  mail('content-type-folded', part(['Content-Type:\r\n text/plain\r\n ;\r\n charset\r\n =\r\n us-ascii'], 'x\r\n')),
  mail(
    'multipart-base64',
    part(
      ['Content-Type: multipart/mixed; boundary=b', 'Content-Transfer-Encoding: base64'],
      base64(parts('b', [text('one'), file('hidden.exe', EXE)])),
    ),
    false,
  ),
  mail(
    'multipart-qp',
    part(
      ['Content-Type: multipart/mixed; boundary=b', 'Content-Transfer-Encoding: quoted-printable'],
      parts('b', [text('one'), file('a.pdf')]),
    ),
    false,
  ),
  mail(
    'partial',
    part(['Content-Type: message/partial; id="a@x"; number=1; total=2'], `${head([], 'whole')}${text('first half')}`),
    false,
  ),
  mail(
    'external-body',
    part(
      ['Content-Type: message/external-body; access-type=URL; URL="https://x.example/a.exe"'],
      'Content-Type: application/octet-stream\r\nContent-ID: <a@x>\r\n\r\n',
    ),
    false,
  ),
  mail('header-without-colon', `This is no field\r\n${text('x')}`, false),
  mail('header-in-part-without-colon', multi('mixed', 'b', [`no field\r\n${text('one')}`]), false),
  mail('header-space-before-colon', `X-Odd : 1\r\n${text('x')}`, false),
  mail('header-blank-continuation', `X-Odd: 1\r\n \r\n more\r\n${text('x')}`, false),
  mail('header-folded-mime-version', ` \t(as ever)\r\n${text('x')}`),
  mail('header-tab-fold', `X-Odd: 1\r\n\t\tmore\r\n${text('x')}`),
  mail('header-nul', `X-Odd: a\0b\r\n${text('x')}`, false),
  mail('header-utf8', `X-Odd: Gr\xc3\xbc\xc3\x9fe\r\n${text('x')}`, false),
  mail('header-latin1', `X-Odd: Gr\xfc\xdfe\r\n${text('x')}`, false),
  mail('header-line-998', `X-Odd: ${'x'.repeat(991)}\r\n${text('x')}`),
  mail('header-many', `${'X-Odd: 1\r\n'.repeat(500)}${text('x')}`),
  mail('header-long-folded', `X-Odd:${'\r\n abcdefghij'.repeat(2_000)}\r\n${text('x')}`),
  mail(
    'received-25',
    `${'Received: from a.example by b.example; Mon, 23 Nov 2026 09:30:00 +0100\r\n'.repeat(25)}${text('x')}`,
  ),
  mail('two-subjects', `Subject: Another one\r\n${text('x')}`, false),
  mail('two-from', `From: ceo@demo.example\r\n${text('x')}`, false),
  mail('subject-split-words', text('x'), true, ['X-Subject: =?utf-8?B?R3I=?= =?utf-8?B?w7zDn2U=?=']),
  mail('groups-and-comments', text('x'), true, [
    'Cc: Team: a@x.example, "B, C" <b@x.example>;, d@x.example (D)',
    'Reply-To: "A \\"B\\" C" <r@x.example>',
  ]),
  mail('empty-group', text('x'), true, ['Cc: undisclosed-recipients:;']),
]

export const structures: readonly Sample[] = [...trees, ...boundaries, ...around, ...broken]
