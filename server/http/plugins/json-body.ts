import { errorCodes } from 'fastify'
import { Fault } from '../../../shared/fault/index.ts'
import { inTurns } from '../../threads/turn.ts'
import { jsonInSteps } from '../json-in-steps.ts'
import type { App } from '../route.ts'

/** Bytes of a body that is read in one go, as the framework reads it: 2 ms at most. */
const SHORT = 262_144

/** JSON bodies: long ones are read in steps, so that mail goes on meanwhile. */
export function jsonBody(app: App): void {
  const short = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // The framework's own answers by `done`, and with nothing else.
    if (body.length <= SHORT) void short(request, body.toString(), done)
    else
      inTurns(jsonInSteps(body.toString())).then(
        (value) => done(null, value),
        (error: unknown) => done(error instanceof Fault ? error : new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY()),
      )
  })
}
