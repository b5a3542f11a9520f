/**
 * Why there is no token. `interaction-required`: ask for `interactive`. `cancelled`: the user closed the window. `blocked`: the
 * browser opened none. `unreachable`: provider or server away, or too slow. `refused`: the provider said no. `forged`: the answer
 * was not to our question. `unnested`: Outlook does not sign in after all (never leaves this room).
 */
export type SignInFailure =
  | 'interaction-required'
  | 'cancelled'
  | 'blocked'
  | 'unreachable'
  | 'refused'
  | 'forged'
  | 'unnested'

export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly code: SignInFailure

  constructor(code: SignInFailure, detail = '', options?: ErrorOptions) {
    super(detail === '' ? code : `${code}: ${detail}`, options)
    this.code = code
  }
}
