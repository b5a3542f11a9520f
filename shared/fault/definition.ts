/** What one fault is, wherever it surfaces: an SMTP reply, an HTTP problem, a retry or a log line. */
export interface FaultDefinition {
  readonly title: { readonly en: string; readonly de: string }
  /** HTTP status of the problem+json (RFC 9457). */
  readonly http: number
  /** Reply and enhanced status code (RFC 3463), e.g. `452 4.3.1`. */
  readonly smtp: `${number} ${number}.${number}.${number}`
  /** Whether trying again later can help: decides job retries. */
  readonly retry: boolean
  readonly severity: 'info' | 'warning' | 'error' | 'critical'
}
