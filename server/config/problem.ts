/** One thing that is wrong with the configuration. */
export interface Problem {
  /** `tenants.0.domains`, or the name of the variable or file. */
  readonly where: string
  readonly what: string
  /** Nothing was given where something must be. */
  readonly missing: boolean
}
