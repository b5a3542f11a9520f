import type { FastifyInstance } from 'fastify'
import type { HttpServices } from './services.ts'

export type App = FastifyInstance

/** A route file: gets the app it belongs to and the services. */
export type Routes = (app: App, services: HttpServices) => void | Promise<void>
