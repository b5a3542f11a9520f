/** The words every room uses: one file per idea, all types of a mail's journey in one place. */
export * from './audit-chain.ts'
export * from './canonical-json.ts'
export * from './decision.ts'
export * from './envelope.ts'
export * from './facts.ts'
export * from './ids.ts'
export * from './precedence.ts'
export * from './record.ts'
