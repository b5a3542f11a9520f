export { catalogue, type FaultCode } from './catalogue.ts'
export type { FaultDefinition } from './definition.ts'
export { Fault, type InBoth, problem, smtpReply, toFault } from './fault.ts'
