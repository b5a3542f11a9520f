import { Fault, type FaultCode } from '../../shared/fault/index.ts'
import type { Diagnostic } from '../../shared/policy/index.ts'

/** A policy or bundle that was not taken, with the findings that say why and where. */
export class PolicyRefused extends Fault {
  readonly diagnostics: readonly Diagnostic[]

  constructor(code: FaultCode, diagnostics: readonly Diagnostic[], detail = diagnostics[0]?.text.en ?? '') {
    super(code, detail)
    this.name = 'PolicyRefused'
    this.diagnostics = diagnostics
  }
}
