/**
 * What of Office.js the launch events touch, with every member optional: which there are differs between clients and builds,
 * and what is missing must never stop a mail. Requirement sets: Mailbox 1.1 recipients and subject, 1.5 diagnostics, 1.7
 * from, 1.8 internetHeaders and attachments, 1.10 events and compose type, 1.11 sessionData, 1.12 sending.
 */
import type { SendCompletion } from '../stamp/alert.ts'

export interface AsyncResult<T> {
  readonly status?: string
  readonly value?: T
  readonly error?: { readonly code?: number }
}

export type Done<T> = (result: AsyncResult<T>) => void

export interface Getter<T> {
  getAsync?(done: Done<T>): void
}

export interface Person {
  readonly emailAddress?: string
}

export interface Attachment {
  readonly name?: string
  readonly size?: number
  readonly isInline?: boolean
}

export interface ComposeItem {
  readonly to?: Getter<readonly Person[]>
  readonly cc?: Getter<readonly Person[]>
  readonly bcc?: Getter<readonly Person[]>
  readonly from?: Getter<Person>
  readonly subject?: Getter<string>
  getAttachmentsAsync?(done: Done<readonly Attachment[]>): void
  getComposeTypeAsync?(done: Done<{ readonly composeType?: string }>): void
  readonly internetHeaders?: {
    getAsync?(names: readonly string[], done: Done<Readonly<Record<string, string>>>): void
    setAsync?(headers: Readonly<Record<string, string>>, done: Done<unknown>): void
  }
  readonly sessionData?: {
    getAsync?(name: string, done: Done<string>): void
    setAsync?(name: string, value: string, done: Done<unknown>): void
  }
}

export interface OfficeHost {
  onReady?(run: () => void): void
  readonly actions?: { associate?(name: string, handler: (event: LaunchEvent) => void): void }
  readonly context?: {
    readonly displayLanguage?: string
    readonly requirements?: { isSetSupported?(name: string, version: string): boolean }
    readonly mailbox?: {
      readonly item?: ComposeItem
      readonly userProfile?: Person
    }
  }
}

export interface LaunchEvent {
  completed?(options?: SendCompletion): void
}
