/**
 * How Office.js and its host talk: JSON texts through `postMessage`, one conversation a frame. The page asks (0), and the
 * host answers (1) under the same number; what was registered for is answered again at each event.
 */
export interface OfficeRequest {
  readonly action: string
  readonly kind: 'invoke' | 'register' | 'unregister'
  readonly conversation: string
  readonly correlation: number
  readonly data: unknown
}

const KINDS = ['invoke', 'register', 'unregister'] as const

/** null for whatever is not a request of Office.js. */
export function readRequest(text: unknown): OfficeRequest | null {
  if (typeof text !== 'string' || !text.startsWith('{')) return null
  let said: Record<string, unknown>
  try {
    said = JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
  const kind = KINDS[Number(said._actionType)]
  if (said._messageType !== 0 || typeof said._actionName !== 'string' || kind === undefined) return null
  return {
    action: said._actionName,
    kind,
    conversation: String(said._conversationId),
    correlation: Number(said._correlationId),
    data: said._data,
  }
}

/** The text that answers `request`, or tells it of an event. */
export function writeReply(request: OfficeRequest, data: unknown, as: 'answer' | 'event' = 'answer'): string {
  return JSON.stringify({
    _messageType: 1,
    _actionName: request.action,
    _conversationId: request.conversation,
    _correlationId: request.correlation,
    _origin: location.origin,
    _errorCode: 0,
    _responseType: as === 'event' ? 1 : 0,
    _data: data,
    _serializerVersion: 1,
  })
}
