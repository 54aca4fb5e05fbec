import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DownloadableSet, SetProgress } from '@contract/downloads'
import { nearestName, QuerentError } from '@engine/core/errors'
import type { ImportAssignment } from '../../lab/ports'
import { downloadFile, type Downloaded, type DownloadProgress } from './downloadFile'
import { publicSets, type PublicSet } from './publicSets'

/** Folder of what has come of the downloads of a library. */
export const downloadsOf = (library: string): string => join(library, '.downloads')
const folderOf = (library: string, id: string): string => join(downloadsOf(library), id)

/** What a user is told before a download. */
export type SetFacts = Omit<DownloadableSet, 'state'>

export const factsOf = ({ id, title, kind, rows, testRows, classes, source, licence, bytes, files }: PublicSet): SetFacts => ({
  id,
  title,
  kind,
  rows,
  testRows,
  classes,
  source,
  licence,
  bytes,
  isExact: files.every((file) => file.bytes !== undefined),
  hosts: [...new Set(files.flatMap(({ urls }) => urls.map((url) => new URL(url).host)))],
  isChecked: files.every(({ checksum }) => checksum !== undefined),
})

export function requirePublicSet(id: string): PublicSet {
  const set = publicSets().find((candidate) => candidate.id === id)
  if (set !== undefined) return set
  const ids = publicSets().map((candidate) => candidate.id)
  throw new QuerentError('not-found', `no data set called "${id}" can be downloaded`, {
    found: id,
    expected: ids.join(' · '),
    nearest: nearestName(id, ids),
  })
}

export interface SetDownload {
  readonly set: PublicSet
  readonly library: string
  /** address of a folder that holds the files by their names; asked instead of the published addresses */
  readonly mirror?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SetProgress) => void
}

/** Downloads what is still missing of a set; resolves to the import that makes it a set of the library. */
export async function downloadSet({ set, library, mirror, signal, onProgress }: SetDownload): Promise<ImportAssignment> {
  const folder = folderOf(library, set.id)
  const done: Downloaded[] = []
  let before = 0
  for (const { name, urls, bytes, checksum } of set.files) {
    const tell = ({ phase, received, bytesPerSecond }: DownloadProgress): void => {
      const total = Math.max(set.bytes, before + received)
      const left = total - before - received
      const etaMs = bytesPerSecond ? (left / bytesPerSecond) * 1000 : null
      onProgress?.({ phase, received: before + received, total, bytesPerSecond, etaMs })
    }
    const file = await downloadFile({
      name,
      urls: mirror === undefined ? urls : [new URL(name, mirror.endsWith('/') ? mirror : `${mirror}/`).href],
      file: join(folder, name),
      bytes,
      mostBytes: bytes ?? 2 * set.bytes + 1_000_000,
      checksum,
      signal,
      onProgress: tell,
    })
    before += file.bytes
    done.push(file)
  }
  const origins = done.map(({ url, sha256, file }) => `${url ?? file.slice(folder.length + 1)} (SHA-256 ${sha256})`)
  const { id, title, source, licence, mapping } = set
  return { paths: [folder], mapping: { ...mapping, id, title, licence, source: `${source}; from ${origins.join(', ')}` } }
}

/** Bytes on the disk of a download that did not end; 0 when there is none. */
export async function receivedOf(library: string, id: string): Promise<number> {
  const folder = folderOf(library, id)
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.filter((name) => !/\.(lock|json)$/.test(name)).map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Throws away what has come of a set. */
export const discardDownload = (library: string, id: string): Promise<void> => rm(folderOf(library, id), { recursive: true, force: true })
