import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { QuerentError } from '@engine/core/errors'
import type { LabellingSessions } from '../../lab/labelling'
import type { ExperimentDependencies } from '../../lab/runExperiment'
import { systemClock } from '../clock'
import type { JobHandle } from '../jobs/client'
import { systemCode, withFile } from '../errors'
import { createLabelling } from './labelling'
import { startSession } from './start'

/** Where removed sessions wait. */
export const removedSessions = (root: string): string => join(root, '.removed')

const keepRemovedMs = 30 * 86_400_000

/** The labelling sessions below a folder of the workspace, one folder each. */
export function labellingSessions(
  root: string,
  library: string,
  spawner: { spawn(): Promise<JobHandle> },
  deps: ExperimentDependencies,
): LabellingSessions {
  const open = (): Promise<JobHandle> => spawner.spawn()
  const labelling = createLabelling({ open, host: deps, library })
  const removed = removedSessions(root)
  const folderOf = (id: string, parent = root): string => {
    if (!/^[\w-]{1,80}$/.test(id)) throw new QuerentError('not-found', 'there is no such labelling session', { found: id.slice(0, 80) })
    return join(parent, id)
  }
  const move = (from: string, to: string): Promise<void> =>
    rename(from, to).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') throw new QuerentError('not-found', 'there is no such labelling session', { file: from })
      throw error
    })
  return {
    list: async () => {
      const names = await readdir(root).catch(() => [])
      // What cannot be read is shown by nobody: it may be damaged or half-made.
      const found = await Promise.all(
        names.filter((name) => !name.startsWith('.')).map((name) => labelling.get(join(root, name)).catch(() => null)),
      )
      return found.filter((session) => session !== null).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    },
    start: async ({ id, dataset, studyText, strategy, classes }) => {
      const folder = folderOf(id)
      const overrides = [['dataset', dataset]] as const
      await startSession({ studyText, studyPath: join(root, 'study.yaml'), overrides, strategy, classes, folder }, deps, open)
      return labelling.get(folder)
    },
    get: async (id) => labelling.get(folderOf(id)),
    next: async (id, options) => labelling.next(folderOf(id), options),
    importLabels: async (id, file, options) => labelling.importLabels(folderOf(id), file, options),
    undo: async (id) => labelling.undo(folderOf(id)),
    file: async (id, what, format) =>
      what === 'labels' ? labelling.labelsFile(folderOf(id), format) : labelling.batchFile(folderOf(id), format, what),
    remove: async (id) => {
      await withFile(removed, () => mkdir(removed, { recursive: true }))
      await move(folderOf(id), folderOf(id, removed))
      const now = systemClock.now()
      await utimes(folderOf(id, removed), now, now)
      for (const name of await readdir(removed)) {
        const age = now.getTime() - (await stat(join(removed, name))).mtimeMs
        if (age > keepRemovedMs) await rm(join(removed, name), { recursive: true, force: true })
      }
    },
    restore: async (id) => {
      await move(folderOf(id, removed), folderOf(id))
      return labelling.get(folderOf(id))
    },
  }
}
