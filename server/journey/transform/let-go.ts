/**
 * Gives the memory of a buffer that nobody else has back now: outside of V8's heap it would stay until V8 looks, and 120 MB
 * go by faster than that. The buffer is empty afterwards.
 */
export function letGo({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
