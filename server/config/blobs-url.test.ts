import { expect, test } from 'vitest'
import { readBlobsUrl } from './blobs-url.ts'

test('files and S3 are told apart, with defaults that are safe', () => {
  expect(readBlobsUrl('file:/var/lib/secflow/blobs')).toEqual({ kind: 'files', root: '/var/lib/secflow/blobs' })
  expect(readBlobsUrl('s3://mail')).toMatchObject({
    bucket: 'mail',
    prefix: '',
    endpoint: null,
    region: 'us-east-1',
    pathStyle: false,
    encryption: null,
    lock: 'auto',
    conditional: true,
  })
  expect(
    readBlobsUrl(
      's3://mail/acme/prod/?endpoint=https://s3.example:9000&region=eu-1&sse=aws:kms&kmsKey=k&lock=governance',
    ),
  ).toMatchObject({
    prefix: 'acme/prod/',
    endpoint: 'https://s3.example:9000',
    region: 'eu-1',
    pathStyle: true,
    encryption: 'aws:kms',
    kmsKey: 'k',
    lock: 'governance',
  })
})

test.each([
  ['/var/lib/blobs', 'not `file:`'],
  ['s3://', 'not the name of a bucket'],
  ['s3://UPPER_case', 'not the name of a bucket'],
  ['s3://key:secret@mail', 'credentials'],
  ['s3://mail:9000', 'the server is the option endpoint'],
  ['s3://mail?endpoint=http://s3.example', 'no TLS'],
  ['s3://mail?endpoint=ftp://s3.example', 'URL of https'],
  ['s3://mail?pathstyle=true', 'unknown option pathstyle'],
  ['s3://mail?pathStyle=yes', 'true or false'],
  ['s3://mail?sse=rot13', 'sse is one of'],
  ['s3://mail?kmsKey=k', 'goes with'],
  ['s3://mail?lock=maybe', 'lock is one of'],
  ['s3://mail/%00', 'the prefix is'],
])('%s is refused: %s', (text, words) => {
  expect(readBlobsUrl(text)).toContain(words)
})

test('plain HTTP is for this machine, or said in so many words', () => {
  for (const url of ['s3://mail?endpoint=http://127.0.0.1:7480', 's3://mail?endpoint=http://s3.inside&insecure=true'])
    expect(readBlobsUrl(url)).toMatchObject({ kind: 's3' })
})
