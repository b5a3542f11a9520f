import type { AddinConfig } from '../../shared/contract/addin-config.ts'

export interface SignIn {
  readonly mode: AddinConfig['mode']
  /**
   * An access token for `Authorization: Bearer`, valid for at least another half minute. `silent` never shows anything and raises
   * `interaction-required` when it would have to; `interactive` may open a window, so call it from a click. Raises `SignInError`.
   */
  token(how: 'silent' | 'interactive'): Promise<string>
  /** Forgets the tokens; the next `interactive` asks who it is again. */
  signOut(): Promise<void>
}
