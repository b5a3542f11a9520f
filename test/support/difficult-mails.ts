/** Ten mails that are hard to set on paper; `shows` are words that a reader must find on the page, in reading order. */
import { crc32, deflateSync } from 'node:zlib'
import type { DocumentPage } from '../../server/ports/document.ts'

export interface DifficultMail {
  readonly name: string
  readonly page: DocumentPage
  readonly shows: readonly string[]
  /** Words that must not be there. */
  readonly hides?: readonly string[]
}

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const page = (subject: string, over: Partial<DocumentPage>): DocumentPage => ({
  language: 'en',
  from: 'Jörg Müller <joerg.mueller@clinic.example>',
  to: ['reader@elsewhere.example'],
  subject,
  date: Date.UTC(2026, 10, 23, 9, 30),
  text: 'the plain text',
  files: [{ name: 'Bericht.pdf', size: 1_234_567, sha256: HASH }],
  ...over,
})

/** Stripes of a colour: a picture that can be told from others on the page. */
export function stripes(width: number, height: number, [red, green, blue]: readonly [number, number, number]): Buffer {
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + width * 3)
    for (let x = 0; x < width; x += 1) row.set((x + y) % 16 < 8 ? [red, green, blue] : [255, 255, 255], 1 + x * 3)
    return row
  })
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = 2
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}

const BLUE = stripes(240, 80, [20, 80, 180])
const GREEN = stripes(120, 60, [20, 140, 60])
const CORRUPT = Buffer.concat([BLUE.subarray(0, 60), Buffer.from('not a picture any more')])

const NESTED = `<table width="600" border="0"><tr><td colspan="2" bgcolor="#0a4d8c"><font color="#ffffff"><h1>Quarterly figures</h1></font></td></tr>
<tr><td width="150"><table><tr><td><b>Contents</b><ul><li>Revenue</li><li>Cost</li></ul></td></tr></table></td>
<td><table border="1" cellpadding="4"><tr><th>Region</th><th align="right">Revenue</th><th align="right">Change</th></tr>
<tr><td>North</td><td align="right">1,204.50</td><td align="right">+4 %</td></tr>
<tr><td>South</td><td align="right">987.10</td><td align="right">−2 %</td></tr>
<tr><td colspan="2">Total of both</td><td align="right">+1 %</td></tr></table>
<table><tr><td><table><tr><td><table border="1"><tr><td>deep A</td><td>deep B</td></tr><tr><td>deep C</td><td>deep D</td></tr></table></td></tr></table></td></tr></table>
<p>See <a href="https://example.org/report?q=4&amp;year=2026">the report</a> or <a href="javascript:alert(1)">this</a>.</p></td></tr></table>`

const QUOTED = Array.from({ length: 200 }, (_, level) => `<blockquote type="cite"><div>Answer ${level + 1}</div>`).join(
  '',
)

export const difficultMails: readonly DifficultMail[] = [
  {
    name: 'nested-tables',
    page: page('Nested tables', { html: NESTED, replyUrl: 'https://gateway.example/portal/t/abc' }),
    shows: [
      'Quarterly figures',
      'Contents',
      'Region',
      '1,204.50',
      'Total of both',
      'deep D',
      'the report',
      'Reply securely',
    ],
    hides: ['javascript'],
  },
  {
    name: 'arabic',
    page: page('تقرير شهري عن المرضى', {
      from: 'أحمد علي <ahmad@clinic.example>',
      html: `<div dir="rtl"><h2>مرحبا بالعالم</h2><p>السيدة مولر المحترمة، نرفق التقرير رقم 4711 بتاريخ 23.11.2026 مع ملف Report-2026.pdf للمراجعة. <b>الموعد النهائي</b> هو يوم الجمعة (الساعة 10:30).</p><ul><li>البند الأول</li><li>البند الثاني: <a href="https://example.org">الرابط</a></li></ul><p>لُغَةٌ عَرَبِيَّةٌ مُشَكَّلَة — فارسی: گچ پژ می‌خواهم</p></div><p>English sentence with مرحبا inside and 123.</p>`,
    }),
    shows: ['مرحبا بالعالم', '4711', 'Report-2026.pdf', 'البند الأول', 'English sentence with'],
  },
  {
    name: 'hebrew',
    page: page('דוח רבעוני', {
      html: `<div dir="rtl"><h2>שלום עולם</h2><p>הפגישה תתקיים ביום שלישי בשעה 14:30 (חדר B-204). נא לאשר עד 20 בנובמבר.</p><table border="1"><tr><th>פריט</th><th>סכום</th></tr><tr><td>ייעוץ</td><td>1,200 ₪</td></tr></table><p>בְּרֵאשִׁית בָּרָא אֱלֹהִים</p></div><p>The word שלום means peace.</p>`,
    }),
    shows: ['שלום עולם', '14:30', 'ייעוץ', '1,200', 'means peace'],
  },
  {
    name: 'cjk',
    page: page('四半期報告 / 季度报告 / 분기 보고서', {
      html: `<h2>日本語の見出し</h2><p>お世話になっております。添付の見積書（最終版）をご確認ください。カタカナとひらがな、漢字が混在する文章です。「引用」も、句読点。も行頭に来てはいけません。長い文章を折り返すための文字列が続きます。</p><h2>简体中文标题</h2><p>尊敬的穆勒女士：请查收附件中的季度报告。如有任何问题，请于星期五之前与我们联系。<b>重要提示：</b>密码将通过短信发送。</p><h2>繁體中文</h2><p>請查收附件，謝謝您的協助。龍龜鬱</p><h2>한국어 제목</h2><p>안녕하세요, 뮐러 님. 첨부된 보고서를 확인해 주시기 바랍니다. <b>중요:</b> 비밀번호는 문자로 전송됩니다.</p>`,
    }),
    shows: [
      '日本語の見出し',
      'カタカナとひらがな',
      '季度报告',
      '密码将通过短信发送',
      '請查收附件',
      '안녕하세요',
      '비밀번호는',
    ],
  },
  {
    name: 'thai-hindi',
    page: page('รายงานประจำไตรมาส', {
      html: `<h2>ภาษาไทย</h2><p>เรียนคุณมุลเลอร์ กรุณาตรวจสอบรายงานประจำไตรมาสที่แนบมาพร้อมกับอีเมลฉบับนี้ หากมีข้อสงสัยประการใดกรุณาติดต่อกลับภายในวันศุกร์ น้ำ ที่ กำลังใจ</p><h2>हिन्दी</h2><p>आदरणीय सुश्री म्यूलर, कृपया संलग्न रिपोर्ट की समीक्षा करें। <b>पासवर्ड</b> एसएमएस द्वारा भेजा जाएगा। क्षत्रिय ज्ञान श्री</p>`,
    }),
    shows: ['ภาษาไทย', 'ไตรมาส', 'हिन्दी'],
  },
  {
    name: 'emoji',
    page: page('Party 🎉 on Friday', {
      html: '<p>See you 😀 👍🏽 👨‍👩‍👧 🇩🇪 ❤️ ☎️ ✔ ✓ ★ → ⇒ ≤ ≥ ∑ √ ½ € ① ■ 🚀🔒📎 1️⃣</p><p>α β Ω Привет Škoda Việt Nam</p>',
    }),
    shows: ['See you', 'Party', 'Привет', 'Việt Nam'],
    hides: ['cannot be shown'],
  },
  {
    name: 'corrupt-image',
    page: page('A picture that is broken', {
      html: '<p>Before the picture</p><img src="cid:broken" alt="Company logo"><p>Between</p><img src="cid:absent" alt="Not sent along"><img src="https://tracker.example/pixel.gif" alt="remote"><img src="data:image/png;base64,AAAA" alt="broken data"><p>After the picture</p>',
      images: new Map([['broken', { mediaType: 'image/png', data: CORRUPT }]]),
    }),
    shows: ['Before the picture', 'Company logo', 'Between', 'Not sent along', 'After the picture'],
  },
  {
    name: 'quoted-200',
    page: page('Re: Re: Re: a long talk', { html: `<p>My last word</p>${QUOTED}` }),
    shows: ['My last word', 'Answer 1', 'Answer 100', 'Answer 200'],
  },
  {
    name: 'long-lines',
    page: page('Plain text with long lines', {
      text: [
        `${'This line goes on and on without an end in sight, as some programs write them. '.repeat(12)}`,
        '',
        `token ${'0123456789abcdef'.repeat(30)}`,
        `https://example.org/${'path/'.repeat(40)}?query=${'x'.repeat(120)}`,
        '',
        '> quoted once',
        '>> quoted twice',
        '> > > quoted three times with a long line that has to be broken somewhere because the page is not that wide at all',
        '',
        'Column A    Column B\tTab',
        '-- ',
        'Jörg',
      ].join('\r\n'),
    }),
    shows: ['goes on and on', 'quoted once', 'quoted twice', 'quoted three times', 'Column A', 'Jörg'],
  },
  {
    name: 'inline-images',
    page: page('Pictures in the text', {
      html: `<p>By Content-ID:</p><img src="cid:blue@mail" width="240" alt="blue"><p>In the text itself:</p><img src="data:image/png;base64,${GREEN.toString('base64')}" alt="green"><table><tr><td><img src="cid:blue@mail" width="60"></td><td><b>Jörg Müller</b><br>Clinic<br><a href="tel:+4915112345678">+49 151 12345678</a></td></tr></table><p>End</p>`,
      images: new Map([['blue@mail', { mediaType: 'image/png', data: BLUE }]]),
    }),
    shows: ['By Content-ID', 'In the text itself', 'Clinic', '+49 151 12345678', 'End'],
    hides: ['[Image', '[green]', '[blue]'],
  },
]
