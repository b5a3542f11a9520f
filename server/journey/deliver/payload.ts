import { Fault } from '../../../shared/fault/index.ts'

/** Payload of a `deliver` job. The first one of a copy needs only the first two fields. */
export interface DeliverPayload {
  readonly copyId: string
  readonly recipients: readonly string[]
  /** 1 for the first. */
  readonly attempt?: number
  /** Step of the first job; further ones are numbered after it. */
  readonly root?: string
  /** Jobs for this copy so far, this one included; more than attempts where some of them only looked. */
  readonly turn?: number
  /** The sender was told of the delay. */
  readonly warned?: boolean
  /** What the next hop said last, for the operator. */
  readonly reply?: string
  /** Earlier attempts after which these recipients may have had the mail. */
  readonly uncertain?: number
}

/** Raises `request-invalid` for what is no such payload. */
export function readPayload(payload: unknown): DeliverPayload {
  const candidate = payload as Partial<DeliverPayload> | null
  if (typeof candidate?.copyId !== 'string' || !Array.isArray(candidate.recipients)) {
    throw new Fault('request-invalid', 'not the payload of a deliver job')
  }
  return candidate as DeliverPayload
}
