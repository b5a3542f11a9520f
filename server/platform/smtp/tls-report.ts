import { gzipSync } from 'node:zlib'
import type { TlsDay } from './tls-ledger.ts'

/** Who reports: RFC 8460 4.4 `organization-name` and `contact-info`. */
export interface Reporter {
  readonly organisation: string
  readonly contact: string
  /** Our own host, `sending-mta-ip` being unknown behind translation. */
  readonly name: string
}

export interface TlsReport {
  readonly domain: string
  readonly id: string
  /** File name as RFC 8460 5.1 wants it, without `.json.gz`. */
  readonly file: string
  readonly gzip: Buffer
}

/** Report of one domain on one UTC day (RFC 8460 4.4), compressed. Pure. */
export function tlsReport(reporter: Reporter, domain: string, day: string, policies: TlsDay[string]): TlsReport {
  const [start, end] = [`${day}T00:00:00Z`, `${day}T23:59:59Z`]
  const id = `${day}.${domain}@${reporter.name}`
  const body = {
    'organization-name': reporter.organisation,
    'date-range': { 'start-datetime': start, 'end-datetime': end },
    'contact-info': reporter.contact,
    'report-id': id,
    policies: policies.map(({ counted, successes, failures }) => ({
      policy: {
        'policy-type': counted.type,
        ...(counted.strings.length > 0 ? { 'policy-string': counted.strings } : {}),
        'policy-domain': domain,
        ...(counted.mx.length > 0 ? { 'mx-host': counted.mx } : {}),
      },
      summary: {
        'total-successful-session-count': successes,
        'total-failure-session-count': failures.reduce((sum, { count }) => sum + count, 0),
      },
      ...(failures.length > 0
        ? {
            'failure-details': failures.map(({ failure, count }) => ({
              'result-type': failure.type,
              ...(failure.host ? { 'receiving-mx-hostname': failure.host } : {}),
              ...(failure.helo ? { 'receiving-mx-helo': failure.helo } : {}),
              ...(failure.address ? { 'receiving-ip': failure.address } : {}),
              'failed-session-count': count,
              ...(failure.reason ? { 'failure-reason-code': failure.reason } : {}),
            })),
          }
        : {}),
    })),
  }
  const seconds = (text: string) => Math.floor(Date.parse(text) / 1_000)
  return {
    domain,
    id,
    file: `${reporter.name}!${domain}!${seconds(start)}!${seconds(end)}`,
    gzip: gzipSync(JSON.stringify(body)),
  }
}

/** Where a domain wants its reports, from the records at `_smtp._tls`; none without exactly one good one (RFC 8460 3). */
export function reportUris(records: readonly string[]): { mailto: string[]; https: string[] } {
  const ours = records.filter((text) => /^v=TLSRPTv1\s*(;|$)/.test(text))
  const rua = ours.length === 1 ? /(?:^|;)\s*rua\s*=\s*([^;]+)/.exec(ours[0]!)?.[1] : undefined
  const uris = (rua ?? '').split(',').map((uri) => uri.trim())
  return {
    mailto: uris.flatMap((uri) => {
      const address = /^mailto:([^?\s<>]+@[^?\s<>@]+)$/i.exec(uri)?.[1]
      return address === undefined ? [] : [decoded(address)].filter((one) => /^[!-~]+$/.test(one) && !/[<>]/.test(one))
    }),
    https: uris.filter((uri) => /^https:\/\//i.test(uri) && URL.canParse(uri)),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** The report as a mail (RFC 8460 5.3), CRLF lines, ASCII. Who signs for the contact's domain signs it as any other mail. Pure. */
export function reportMail(reporter: Reporter, report: TlsReport, to: string, at: number): Buffer {
  const boundary = `=_tlsrpt_${report.gzip.subarray(-8).toString('hex')}`
  const lines = [
    `From: <${reporter.contact}>`,
    `To: <${to}>`,
    `Subject: Report Domain: ${report.domain} Submitter: ${reporter.name} Report-ID:\r\n <${report.id}>`,
    `Date: ${new Date(at).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${report.id}>`,
    `TLS-Report-Domain: ${report.domain}`,
    `TLS-Report-Submitter: ${reporter.name}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `Aggregate TLS report for ${report.domain} from ${reporter.name}.`,
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;\r\n filename="${report.file}.json.gz"`,
    '',
    ...(report.gzip.toString('base64').match(/.{1,76}/g) ?? []),
    `--${boundary}--`,
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}
