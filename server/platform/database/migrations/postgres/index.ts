import type { Migration } from '../../postgres/migrate.ts'
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

/** In order, with the names of SQLite's. A module each, so that the compiled package carries them like any other code. */
export const postgresMigrations: readonly Migration[] = [
  { name: '0001_journey', kind: 'expand', sql: journey },
  { name: '0002_tidy', kind: 'expand', sql: tidy },
  { name: '0003_policies', kind: 'expand', sql: policies },
  { name: '0004_threads', kind: 'expand', sql: threads },
  { name: '0005_portal_blobs', kind: 'expand', sql: portalBlobs },
  { name: '0006_lanes', kind: 'expand', sql: lanes },
  { name: '0007_dots', kind: 'expand', sql: dots },
  { name: '0008_heads', kind: 'expand', sql: heads },
  { name: '0009_delegates', kind: 'expand', sql: delegates },
  { name: '0010_capabilities', kind: 'expand', sql: capabilities },
  // The version before reads short mail from files alone.
  { name: '0011_contents', kind: 'contract', sql: contents },
]
