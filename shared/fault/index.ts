export { catalogue, type FaultCode } from './catalogue.ts'
export { Fault, type FaultDefinition, problem, smtpReply, toFault } from './fault.ts'
