import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetInfo } from '@contract/types'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import { checkRows } from '@engine/data/rowFiles'
import { parseSplit } from '@engine/study/runFiles'
import { withFile } from '../../errors'
import { writeAtomic } from '../../storage/files'

type Owner = Pick<DatasetInfo, 'id' | 'sha256' | 'rows' | 'imported'>

const splitName = /^[a-z0-9][a-z0-9_-]{0,59}$/i

/** Imported sets keep their splits with their files; those of other sets are kept by content, so that they outlive a new name. */
const folderOf = (library: string, { sha256, imported }: Owner): string =>
  imported ? join(library, sha256, 'splits') : join(library, '.splits', sha256)

export const splitFile = (library: string, set: Owner, name: string): string => join(folderOf(library, set), `${name}.json`)

/** Names of the splits kept with a set. */
export async function splitsOf(library: string, set: Owner): Promise<string[]> {
  const names = await readdir(folderOf(library, set)).catch(() => [])
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort()
}

/** A split as the text of a study's `data.split` file. */
export async function readSplit(library: string, set: Owner, name: string): Promise<string> {
  await requireSplit(library, set, name)
  return readFile(splitFile(library, set, name), 'utf8')
}

/** Keeps a split with a set: row numbers of the training array, each row in one part, once. Refuses a name that is taken. */
export async function addSplit(library: string, set: Owner, name: string, text: string, file: string): Promise<void> {
  if (!splitName.test(name))
    throw badInput(`"${name}" cannot be the name of a split`, { path: 'name', found: name, expected: 'letters, digits, - and _' })
  if ((await splitsOf(library, set)).includes(name))
    throw badInput(`${set.id} has a split "${name}" already`, { path: 'name', found: name, expected: 'another name' })
  const split = parseSplit(text, file)
  checkRows([...split.train, ...split.validation, ...split.test], file, set.rows)
  await withFile(set.id, () => mkdir(folderOf(library, set), { recursive: true }))
  await writeAtomic(splitFile(library, set, name), JSON.stringify(split))
}

export async function removeSplit(library: string, set: Owner, name: string): Promise<void> {
  await requireSplit(library, set, name)
  await rm(splitFile(library, set, name))
}

async function requireSplit(library: string, set: Owner, name: string): Promise<void> {
  const names = await splitsOf(library, set)
  if (!names.includes(name))
    throw new QuerentError('not-found', `data set "${set.id}" has no split "${name}"`, {
      found: name,
      expected: names.join(' · ') || 'no split is kept',
      nearest: nearestName(name, names),
    })
}
