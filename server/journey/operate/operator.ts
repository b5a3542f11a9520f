/** Who acts on the queue. */
export interface Operator {
  readonly subject: string
  readonly address: string | null
  readonly roles: readonly string[]
  /** May act on any job and on held mail that names nobody in particular. */
  readonly acts: boolean
}

export interface Acted {
  readonly by: Operator
  readonly reason: string
  /** For a drop: the sender is told. */
  readonly report: boolean
}
