/** Where blobs are: `file:<directory>` or `s3://bucket/prefix?endpoint=...`. */
import type { S3Place } from '../ports/places.ts'

export interface FileBlobs {
  readonly kind: 'files'
  readonly root: string
}

export interface S3Blobs extends S3Place {
  readonly kind: 's3'
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const PREFIX = /^[A-Za-z0-9_-][A-Za-z0-9._/-]{0,199}$/
const LOCAL = new Set(['127.0.0.1', '[::1]', 'localhost'])
const LOCKS = ['auto', 'compliance', 'governance', 'none'] as const
const ENCRYPTIONS = ['AES256', 'aws:kms'] as const

/**
 * Reads the URL; text says what is wrong with it. Options of s3: `endpoint` (https, or http on this machine or with
 * `insecure=true`), `region`, `pathStyle` (true where an endpoint is given), `sse` (AES256, aws:kms), `kmsKey`, `lock`
 * (auto, compliance, governance, none), `conditional` (false for a store that does not know If-None-Match).
 */
export function readBlobsUrl(text: string): FileBlobs | S3Blobs | string {
  const root = /^file:(?:\/\/)?(.+)$/s.exec(text)?.[1]
  if (root) return { kind: 'files', root }
  const url = text.startsWith('s3://') && URL.canParse(text) ? new URL(text) : null
  if (!url) return 'not `file:` and a path, nor `s3://bucket?endpoint=...&region=...`'
  const bucket = url.hostname
  const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '')
  const options = new Map(url.searchParams)
  const take = (name: string) => {
    const value = options.get(name) ?? null
    options.delete(name)
    return value
  }
  const flag = (name: string, fallback: boolean) => {
    const value = take(name)
    return value === null ? fallback : value === 'true' ? true : value === 'false' ? false : null
  }
  const endpoint = take('endpoint')
  const region = take('region') ?? 'us-east-1'
  const insecure = flag('insecure', false)
  const pathStyle = flag('pathStyle', endpoint !== null)
  const conditional = flag('conditional', true)
  const sse = take('sse')
  const kmsKey = take('kmsKey')
  const lock = take('lock') ?? 'auto'
  const encryption = ENCRYPTIONS.find((known) => known === sse) ?? null
  const mode = LOCKS.find((known) => known === lock)

  if (url.username || url.password) return 'holds credentials: they are blobs.accessKeyId and blobs.secretAccessKey'
  if (url.port || url.hash) return 'is s3://bucket/prefix; the server is the option endpoint'
  if (options.size > 0) return `unknown option ${[...options.keys()].join(', ')}`
  if (!BUCKET.test(bucket)) return `not the name of a bucket: ${bucket}`
  if (prefix !== '' && !PREFIX.test(prefix))
    return 'the prefix is letters, digits, dots, hyphens, underscores and slashes'
  if (insecure === null || pathStyle === null || conditional === null)
    return 'insecure, pathStyle and conditional are true or false'
  if (endpoint !== null) {
    const parsed = URL.canParse(endpoint) ? new URL(endpoint) : null
    if (!parsed || !/^https?:$/.test(parsed.protocol)) return 'the endpoint is a URL of https'
    if (parsed.protocol === 'http:' && !LOCAL.has(parsed.hostname) && !insecure)
      return 'the endpoint has no TLS: https, or say insecure=true'
  }
  if (!/^[a-z0-9-]{1,40}$/.test(region)) return `not a region: ${region}`
  if (sse !== null && encryption === null) return `sse is one of ${ENCRYPTIONS.join(', ')}`
  if (kmsKey !== null && encryption !== 'aws:kms') return 'kmsKey goes with sse=aws:kms'
  if (mode === undefined) return `lock is one of ${LOCKS.join(', ')}`
  return {
    kind: 's3',
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint,
    region,
    pathStyle,
    encryption,
    kmsKey,
    lock: mode,
    conditional,
  }
}
