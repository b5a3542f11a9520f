/** A key set has a few kilobytes; what has more is none. */
const BYTES_MAX = 512 * 1024

/**
 * `fetch` for key sets (RFC 7517): no redirects, because the address was configured and not chosen by the answer, and no more than half
 * a megabyte. The caller's signal bounds the time.
 */
export async function fetchKeys(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, redirect: 'error' })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > BYTES_MAX) throw new RangeError('the key set is too large')
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status: answer.status, headers: { 'content-type': 'application/json' } })
}
