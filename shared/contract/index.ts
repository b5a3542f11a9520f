/** One schema per resource of the API: the source of its OpenAPI document, of client types and of form validation. */
export * from './address.ts'
export * from './evaluate.ts'
export * from './identity.ts'
export * from './messages.ts'
export * from './policies.ts'
export * from './problem.ts'
export * from './token.ts'
export * from './vocabulary.ts'
