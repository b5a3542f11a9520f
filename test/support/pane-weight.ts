import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePane, PANE_FOLDER, type PaneManifest } from '../../tools/pane.ts'

/** Bytes of the task pane as they travel, packed by gzip. */
export interface PaneWeight {
  /** Page, style, modules of the first screen, the words of one language. */
  readonly first: number
  /** The policy's evaluator, without its tables. */
  readonly engine: number
}

export async function paneWeight(): Promise<PaneWeight> {
  await ensurePane()
  const { script, style, preload, engine } = JSON.parse(
    readFileSync(join(PANE_FOLDER, 'pane.json'), 'utf8'),
  ) as PaneManifest
  const sizes = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + statSync(join(PANE_FOLDER, `${name}.gz`)).size, 0)
  const words = readdirSync(PANE_FOLDER).filter((name) => /^(?:de|en)-[^.]*\.js$/.test(name))
  return {
    first: sizes([script, style, ...preload]) + Math.max(...words.map((name) => sizes([name]))) + signIn(),
    engine: sizes(engine),
  }
}

/** What the heaviest way of signing in fetches besides; the library that Entra wants comes when its user has to sign in. */
function signIn(): number {
  const size = (kind: string) =>
    readdirSync(PANE_FOLDER)
      .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.js.gz'))
      .reduce((sum, name) => sum + statSync(join(PANE_FOLDER, name)).size, 0)
  return size('config') + size('kept') + Math.max(size('demo'), size('entra'), size('oidc'))
}
