import type { AttachmentFacts } from '../../../../shared/domain/index.ts'

/** What its members are made of is told of an archive or a message too. */
export function madeOf(members: readonly AttachmentFacts[]): {
  readonly macro: boolean
  readonly encrypted: boolean
  readonly archiveDepth: number
} {
  return {
    macro: members.some(({ macro }) => macro === true),
    encrypted: members.some(({ encrypted }) => encrypted === true),
    archiveDepth: 1 + members.reduce((most, { archiveDepth = 0 }) => Math.max(most, archiveDepth), 0),
  }
}

/** Facts of where a file stands and what else it is called, without empty ones. */
export function inPlace({
  within,
  otherNames = [],
}: {
  readonly within?: number
  readonly otherNames?: readonly string[]
}): Pick<AttachmentFacts, 'within' | 'otherNames'> {
  return {
    ...(within === undefined ? {} : { within }),
    ...(otherNames.length > 0 ? { otherNames } : {}),
  }
}
