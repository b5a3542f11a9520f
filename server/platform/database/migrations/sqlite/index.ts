import type { Migration } from '../../sqlite/migrate.ts'
import { journey } from './0001_journey.ts'
import { tidy } from './0002_tidy.ts'
import { policies } from './0003_policies.ts'
import { threads } from './0004_threads.ts'
import { portalBlobs } from './0005_portal_blobs.ts'
import { lanes } from './0006_lanes.ts'
import { dots } from './0007_dots.ts'
import { heads } from './0008_heads.ts'
import { delegates } from './0009_delegates.ts'
import { capabilities } from './0010_capabilities.ts'
import { contents } from './0011_contents.ts'

/** In order. A module each, so that the compiled package carries them like any other code. */
export const sqliteMigrations: readonly Migration[] = [
  { name: '0001_journey', sql: journey },
  { name: '0002_tidy', sql: tidy },
  { name: '0003_policies', sql: policies },
  { name: '0004_threads', sql: threads },
  { name: '0005_portal_blobs', sql: portalBlobs },
  { name: '0006_lanes', sql: lanes },
  { name: '0007_dots', sql: dots },
  { name: '0008_heads', sql: heads },
  { name: '0009_delegates', sql: delegates },
  { name: '0010_capabilities', sql: capabilities },
  { name: '0011_contents', sql: contents },
]
