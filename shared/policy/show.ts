/** Steps in a few words: the form that tests of policies expect and that tables print. */
import type { OnceStep, Step } from '../domain/index.ts'

export function showStep(step: Step): string {
  switch (step.do) {
    case 'fileLink':
      return `fileLink ${step.access}`
    case 'sign':
      return `sign ${step.with}`
    case 'protect':
      return ['protect', step.method, step.password?.channel, step.reply ? 'reply' : undefined]
        .filter(Boolean)
        .join(' ')
    case 'route':
      return `route ${step.via}`
    case 'api':
      return `api ${step.endpoint}`
    case 'audit':
      return `audit ${step.level}`
    case 'setHeader':
      return `setHeader ${step.name}`
    case 'open':
      return `open ${step.deliver}`
    case 'stripHeader':
    case 'tagSubject':
    case 'disclaimer':
    case 'receipt':
      return step.do
  }
}

export function showOnce(step: OnceStep): string {
  switch (step.do) {
    case 'archive':
      return `archive ${step.store} ${step.form}`
    case 'bcc':
      return `bcc ${step.to.join(',')} ${step.form}`
    case 'deliverTo':
      return `deliverTo ${step.role} ${step.holders}`
    case 'notify':
      return `notify ${step.template} ${step.to.join(',')}`
    case 'incident':
      return `incident ${step.webhook} ${step.category} ${step.severity}`
  }
}
