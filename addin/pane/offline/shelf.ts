/** What is kept for the time without a connection: a few texts, in the browser's own database for this origin. */

const NAME = 'secflow-pane'
const STORE = 'kept'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('blocked'))
  })
}

/** The value under a key; null where there is none, or where the browser keeps nothing (private windows, blocked storage). */
export async function takeKept<T>(key: string): Promise<T | null> {
  try {
    const db = await open()
    return await new Promise<T | null>((resolve, reject) => {
      const request = db.transaction(STORE).objectStore(STORE).get(key)
      request.onsuccess = () => resolve((request.result as T | undefined) ?? null)
      request.onerror = () => reject(request.error)
    }).finally(() => db.close())
  } catch {
    return null
  }
}

/** Keeps a value; one that cannot be kept is asked for again next time. */
export async function keep(key: string, value: unknown): Promise<void> {
  try {
    const db = await open()
    await new Promise<void>((resolve, reject) => {
      const transaction = db.transaction(STORE, 'readwrite')
      transaction.objectStore(STORE).put(value, key)
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    }).finally(() => db.close())
  } catch {
    // As if it had never been there.
  }
}
