/**
 * drizzle through its CommonJS build: linking its ES modules takes 190 MB of memory and 0.4 s at start (Node 24, measured),
 * the CommonJS ones 20 MB and 0.1 s. Types come from the same package.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const orm = require('drizzle-orm') as typeof import('drizzle-orm')
export const sqliteCore = require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
export const sqliteDriver = () => require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
export const pgCore = () => require('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
export const pgDriver = () => require('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')
