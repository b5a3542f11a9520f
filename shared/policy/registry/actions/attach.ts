/** FileLink: attachments leave the mail and become links. */
import type { Access } from '../../../domain/index.ts'
import { selectorShape } from '../../parse/selector.ts'
import { choice, duration, flag, object } from '../../parse/shape.ts'
import { type AnyAction, action } from '../action.ts'
import { earliest, strongest, uniteNumbers } from '../joins.ts'

export const ACCESS: readonly Access[] = ['link', 'link-code', 'password', 'portal', 'portal-2fa']
/** 30 days, where no rule says how long a link lives. */
export const DEFAULT_EXPIRY = 30 * 86_400

export interface FileLink {
  readonly attachments: readonly number[]
  readonly access: Access
  readonly expires?: number | undefined
  readonly receipt: boolean
}

export function joinFileLinks(a: FileLink, b: FileLink): FileLink {
  return {
    attachments: uniteNumbers(a.attachments, b.attachments),
    access: strongest(ACCESS, a.access, b.access),
    expires: earliest(a.expires, b.expires),
    receipt: a.receipt || b.receipt,
  }
}

interface Params {
  readonly select: unknown
  readonly access: Access
  readonly expires?: number
  readonly receipt?: boolean
}

const fileLink = action<Params, FileLink>({
  name: 'fileLink',
  phase: 'attach',
  scope: 'recipient',
  restrictive: true,
  doc: {
    de: 'ausgewählte Anhänge durch Links ersetzen; select: {} nimmt alle',
    en: 'replace the selected attachments by links; select: {} takes all',
  },
  merge: {
    de: 'Dateien vereint, strengster Zugang, frühester Ablauf',
    en: 'files unite, the strictest access, the earliest expiry',
  },
  params: object({ select: selectorShape, access: choice(ACCESS) }, { expires: duration, receipt: flag }),
  contribute({ select, access, expires, receipt }, scene) {
    const attachments = scene.select(select)
    if (attachments === undefined) return undefined
    return [{ slot: '', value: { attachments, access, expires, receipt: receipt ?? false } }]
  },
  ofMessage: true,
  join: joinFileLinks,
  steps([slot]) {
    if (!slot || slot.value.attachments.length === 0) return []
    const { attachments, access, expires, receipt } = slot.value
    return [{ do: 'fileLink', attachments, access, expires: expires ?? DEFAULT_EXPIRY, receipt }]
  },
})

export const attaching: readonly AnyAction[] = [fileLink]
