import type { Examined } from '../detect/detect.ts'
import type { Budget, Open, Seen, Visit } from './member.ts'
import { readTar } from './tar.ts'
import { readPacked } from './unpack.ts'
import { readZip } from './zip.ts'

/** Packed files whose members are listed. */
type ArchiveKind = 'zip' | 'tar' | 'gz' | 'zst'

/** As what a file is unpacked, null for what is no archive or one that this does not read. */
export function archiveKind({ type, endsAsZip }: Examined): ArchiveKind | null {
  if (type === 'zip' || type === 'jar' || endsAsZip) return 'zip'
  return type === 'tar' || type === 'gz' || type === 'zst' ? type : null
}

/** Visits the members of an archive; what it raises, `unlessDamaged` knows. */
export function readArchive(
  kind: ArchiveKind,
  { name, size, open }: { readonly name: string; readonly size: number; readonly open: Open },
  budget: Budget,
  visit: Visit,
): Promise<Seen> {
  if (kind === 'zip') return readZip(open, size, budget, visit)
  return kind === 'tar' ? readTar(open, size, budget, visit) : readPacked(kind, name, open, budget, visit)
}
