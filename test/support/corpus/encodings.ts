/** Charsets, transfer encodings, names of files, lines and sizes. */
import iconv from 'iconv-lite'
import { base64, crlf, EXE, head, PDF, part, parts, quoted, type Sample, sample, utf8, word } from './sample.ts'

const TEXTS: readonly (readonly [string, string])[] = [
  ['utf-8', 'Grüße, 挨拶, привет ✓'],
  ['iso-8859-1', 'Grüße an Zoë'],
  ['iso-8859-2', 'Zażółć gęślą jaźń'],
  ['iso-8859-15', 'Preis: 5 €'],
  ['windows-1252', '„Grüße“ – 5 €'],
  ['windows-1250', 'Příliš žluťoučký kůň'],
  ['windows-1251', 'Привет, мир'],
  ['koi8-r', 'Привет, мир'],
  ['shift_jis', 'こんにちは世界'],
  ['euc-jp', 'こんにちは世界'],
  ['gb18030', '你好，世界'],
  ['big5', '你好世界'],
  ['euc-kr', '안녕하세요'],
  ['windows-1255', 'שלום עולם'],
  ['utf-16le', 'Grüße'],
  ['utf-16be', 'Grüße'],
]

const charsets = TEXTS.flatMap(([charset, text]) => {
  const bytes = iconv.encode(`${text}\r\n`, charset)
  const qp = `${[...bytes]
    .map((byte) => (byte === 13 || byte === 10 ? '' : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`))
    .join('')
    .replace(/(.{72})(?=.)/g, '$1=\r\n')}\r\n`
  const wide = charset.startsWith('utf-16')
  const mail = (encoding: string, body: string | Buffer) =>
    sample(
      `charset/${charset}-${encoding}`,
      `${head()}${part([`Content-Type: text/plain; charset=${charset}`, `Content-Transfer-Encoding: ${encoding}`], body.toString('latin1'))}`,
    )
  return [mail('base64', base64(bytes)), ...(wide ? [] : [mail('quoted-printable', qp), mail('8bit', bytes)])]
})

const odd = (name: string, charset: string, body: string, clean = false) =>
  sample(
    `charset/${name}`,
    `${head()}${part([`Content-Type: text/plain; charset=${charset}`, 'Content-Transfer-Encoding: 7bit'], body)}`,
    clean,
  )

const PAYLOAD = 'The words that count stand here, in more than one line of text.\r\nAnd here.\r\n'
const wire64 = base64(PAYLOAD)
const transfer = (name: string, lines: readonly string[], body: string, clean = false) =>
  sample(`transfer/${name}`, `${head()}${part(['Content-Type: text/plain; charset=utf-8', ...lines], body)}`, clean)
const cte = (value: string) => [`Content-Transfer-Encoding: ${value}`]

const transfers = [
  transfer('7bit', cte('7bit'), PAYLOAD, true),
  transfer('none', [], PAYLOAD, true),
  transfer('upper-case', cte('BASE64'), wire64, true),
  transfer('binary', cte('binary'), PAYLOAD, true),
  transfer('with-comment', cte('base64 (as it was)'), wire64),
  transfer('with-parameter', cte('base64; x=y'), wire64),
  transfer('quoted-value', cte('"base64"'), wire64),
  transfer('trailing-word', cte('base64 7bit'), wire64),
  transfer('comma', cte('base64, 7bit'), wire64),
  transfer('empty', cte(''), PAYLOAD, true),
  transfer('unknown', cte('x-rot13'), PAYLOAD),
  transfer('twice', [...cte('base64'), ...cte('7bit')], wire64),
  transfer('twice-equal', [...cte('base64'), ...cte('base64')], wire64),
  transfer('name-with-space', ['Content-Transfer-Encoding : base64'], wire64),
  transfer('base64-no-padding', cte('base64'), wire64.replace(/=+/g, ''), true),
  transfer('base64-blank-lines', cte('base64'), wire64.replace('\r\n', '\r\n\r\n\r\n'), true),
  transfer('base64-short-lines', cte('base64'), base64(PAYLOAD, 4), true),
  transfer('base64-one-line', cte('base64'), base64(PAYLOAD, 900), true),
  transfer('base64-spaces', cte('base64'), wire64.replace(/(.{10})/g, '$1 '), true),
  transfer('base64-junk', cte('base64'), wire64.replace(/(.{10})/, '$1!*')),
  transfer('base64-url-alphabet', cte('base64'), base64('???>>>').replaceAll('+', '-').replaceAll('/', '_')),
  transfer('base64-after-padding', cte('base64'), `${base64('first')}${base64('second')}`),
  transfer('base64-footer', cte('base64'), `${wire64}\r\n-- \r\nA footer of a list\r\n`),
  transfer('base64-truncated', cte('base64'), `${wire64.trim().slice(0, -7)}\r\n`),
  transfer('qp-lower-case', cte('quoted-printable'), 'Gr=c3=bc=c3=9fe\r\n', true),
  transfer('qp-soft-break-space', cte('quoted-printable'), 'one= \r\ntwo=\t\r\nthree\r\n'),
  transfer('qp-bad-escape', cte('quoted-printable'), 'a=ZZ b=4 c==\r\n'),
  transfer('qp-trailing-space', cte('quoted-printable'), 'one  \r\ntwo\t\r\n', true),
  transfer('qp-last-equals', cte('quoted-printable'), 'one=\r\n', true),
  transfer('qp-8bit', cte('quoted-printable'), `${utf8('Grüße')}\r\n`, true),
]

const named = (name: string, type: string, disposition: string, clean = true) =>
  sample(
    `name/${name}`,
    `${head()}${part(['Content-Type: multipart/mixed; boundary=n4711'], parts('n4711', [part(['Content-Type: text/plain'], 'see\r\n'), part([`Content-Type: application/octet-stream${type}`, `Content-Disposition: attachment${disposition}`, 'Content-Transfer-Encoding: base64'], base64(PDF))]))}`,
    clean,
  )

const names = [
  named('none', '', ''),
  named('token', '', '; filename=report.pdf'),
  named('quoted', '', '; filename="my report.pdf"'),
  named('escaped-quote', '', '; filename="my \\"report\\".pdf"'),
  named('semicolon', '', '; filename="a;b.pdf"'),
  named('type-only', '; name="report.pdf"', ''),
  named('both-equal', '; name="report.pdf"', '; filename="report.pdf"'),
  named('both-different', '; name="report.exe"', '; filename="report.pdf"'),
  named('extended', '', "; filename*=utf-8''Pr%C3%BCfbericht.pdf"),
  named('extended-latin', '', "; filename*=iso-8859-1'de'Pr%FCfbericht.pdf"),
  named('extended-and-plain', '', '; filename="Pruefbericht.pdf"; filename*=utf-8\'\'Pr%C3%BCfbericht.pdf'),
  named('extended-other-type', '', '; filename="report.pdf"; filename*=utf-8\'\'report.exe'),
  named('continued', '', ';\r\n filename*0="a long name that ";\r\n filename*1="goes on.pdf"'),
  named(
    'continued-encoded',
    '',
    ';\r\n filename*0*=utf-8\'\'Pr%C3%BCf;\r\n filename*1*=bericht%20;\r\n filename*2="two.pdf"',
  ),
  named('continued-out-of-order', '', ';\r\n filename*1="second.pdf";\r\n filename*0="first-"'),
  named('continued-gap', '', ';\r\n filename*0="first.pdf";\r\n filename*2=".exe"', false),
  named('encoded-word', '', `; filename="${word('Prüfbericht.pdf')}"`),
  named('encoded-word-q', '', '; filename="=?iso-8859-1?Q?Pr=FCfbericht.pdf?="'),
  named('encoded-word-bare', '', '; filename==?utf-8?Q?report.pdf?='),
  named('encoded-words-split', '', `; filename="${word('Prüfbericht der Abteilung')}\r\n ${word(' Größe.pdf')}"`),
  named('twice', '', '; filename=report.pdf; filename=report.exe'),
  named('path', '', '; filename="C:\\\\Users\\\\anna\\\\report.pdf"'),
  named('path-unix', '', '; filename="../../etc/report.pdf"'),
  named('trailing-dots', '', '; filename="report.exe. . ."'),
  named('double-ending', '', '; filename="report.pdf.exe"'),
  named('bidi', '', `; filename*=utf-8''report%E2%80%AEfdp.exe`),
  named('control', '', "; filename*=utf-8''rep%0D%0Aort%00.pdf"),
  named('zero-width', '', "; filename*=utf-8''report.%E2%80%8Bexe"),
  named('long', '', `; filename="${'n'.repeat(240)}.pdf"`),
  named('spaces-around', '', ' ; filename = "report.pdf" ; size = 5'),
  named('comment', '', ' (a comment; with "marks"); filename=report.pdf'),
  named('unclosed-quote', '', '; filename="report.pdf', false),
  named('empty', '', '; filename=""'),
  named('number', '', '; filename=4711'),
]

const line = (name: string, body: string, clean = true) =>
  sample(`lines/${name}`, `${head()}${part(['Content-Type: text/plain; charset=us-ascii'], body)}`, clean)

const lines = [
  line('998', `${'x'.repeat(998)}\r\n`),
  line('997', `${'x'.repeat(997)}\r\n${'y'.repeat(998)}\r\n`),
  line('many-of-998', `${'z'.repeat(998)}\r\n`.repeat(200)),
  line('empty-body', ''),
  line('one-line-break', '\r\n'),
  line('many-line-breaks', '\r\n'.repeat(2_000)),
  line('dots', '.\r\n..\r\n.x\r\n...\r\n. .\r\n'),
  line('from', 'From here on\r\n>From there\r\nFrom: a\r\n'),
  line('trailing-spaces', 'one  \r\n\t\r\n  \r\n'),
  line('tabs', '\ta\tb\t\r\n'),
  line('control-bytes', 'a\x01b\x07c\x1b[31md\x7f\r\n'),
  line('form-feed', 'page\x0cpage\r\n'),
  line('dashes', '--\r\n-- \r\n--x--\r\n---\r\n'),
  sample('lines/header-only', head().replace(/MIME-Version.*\r\n/, '')),
  sample('lines/no-mime', `${head().replace(/MIME-Version.*\r\n/, '')}\r\nJust words.\r\n`),
  sample('lines/no-final-break', `${head()}\r\nno line break at the end`),
  sample('lines/nul', `${head()}\r\na\0b\r\n`),
  sample('lines/bare-lf', `${head()}\r\na\nb\r\n`),
  sample('lines/bare-cr', `${head()}\r\na\rb\r\n`),
  sample('lines/too-long', `${head()}\r\n${'x'.repeat(5_000)}\r\n`),
  sample('lines/all-lf', `${head()}\r\nwords\r\n`.replaceAll('\r\n', '\n')),
  sample(
    'size/1-mb-file',
    `${head()}${part(['Content-Type: application/octet-stream; name=big.bin', 'Content-Transfer-Encoding: base64'], base64(Buffer.alloc(750_000, 0x5a)))}`,
  ),
  sample(
    'size/html-300-kb',
    `${head()}${part(['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'], quoted('<p>Grüße an alle</p>\n'.repeat(12_000)))}`,
  ),
  sample(
    'size/8bit-200-kb',
    `${head()}${part(['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'], crlf(...Array.from({ length: 4_000 }, () => utf8('Grüße, 挨拶, привет und mehr Worte'))))}`,
  ),
  sample(
    'size/exe-by-another-name',
    `${head()}${part(['Content-Type: application/pdf; name=report.pdf', 'Content-Transfer-Encoding: base64'], base64(EXE))}`,
  ),
]

export const encodings: readonly Sample[] = [
  ...charsets,
  odd('utf-7', 'utf-7', 'Hi +AGEAYgBj-\r\n'),
  odd('iso-2022-jp', 'iso-2022-jp', '\x1b$B$3$s\x1b(B\r\n', true),
  odd('unknown', 'x-klingon', 'nuqneH\r\n'),
  odd('quoted', '"utf-8"', 'ok\r\n', true),
  odd('with-comment', 'us-ascii (plain)', 'ok\r\n', true),
  odd('empty', '""', 'ok\r\n', true),
  odd('twice', 'utf-8; charset=utf-7', 'Hi +AGEAYgBj-\r\n'),
  odd('8bit-undeclared', 'us-ascii', 'Gr\xfc\xdfe\r\n', true),
  ...transfers,
  ...names,
  ...lines,
]
