import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Settings } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { backendIds } from '@engine/nn/executor'
import type { WorkspaceIndex, WorkspaceStore } from '../../lab/workspacePort'
import { withFile } from '../errors'
import { makeFolder, writeAtomic } from '../storage/files'
import { openJsonStore } from './jsonStore'
import { recoverIndex } from './recover'

const instant = z.iso.datetime()

const indexSchema: z.ZodType<WorkspaceIndex> = z.object({
  format: z.literal(1),
  active: z.string().nullable(),
  projects: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      createdAt: instant,
      openedAt: instant,
      revision: z.number().int(),
      removedAt: instant.nullable(),
      archivedAt: instant.nullable().optional(),
    }),
  ),
  experiments: z.array(
    z.object({
      id: z.string(),
      project: z.string(),
      name: z.string(),
      folder: z.string(),
      startedAt: instant,
      finishedAt: instant.nullable(),
      state: z.enum(['running', 'paused', 'finished', 'failed', 'cancelled', 'interrupted']),
      runs: z.number().int(),
      finished: z.number().int(),
      failed: z.number().int(),
      sparkline: z.array(z.number()),
      removedAt: instant.nullable(),
      readOnly: z.boolean().optional(),
      trouble: z.string().optional(),
    }),
  ),
  commands: z.array(z.array(z.string())).optional(),
})

export const settingsSchema: z.ZodType<Settings> = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  jobs: z.union([z.literal('auto'), z.number().int().min(1)]),
  backend: z.enum(['auto', ...backendIds]),
  roomLimitGb: z.number().positive().nullable().optional(),
})

/** Opens (or makes) a workspace folder. The caller holds its lock. */
export async function openWorkspace(folder: string): Promise<WorkspaceStore> {
  await mkdir(join(folder, 'projects'), { recursive: true })
  const index = await openJsonStore(join(folder, 'workspace.json'), indexSchema, { format: 1, active: null, projects: [], experiments: [] })
  if (index.damage !== null) {
    const recovered = await recoverIndex(folder)
    await index.update(() => recovered)
  }
  const settings = await openJsonStore(join(folder, 'settings.json'), settingsSchema, { theme: 'system', jobs: 'auto', backend: 'auto' })
  const projectFolder = (project: string): string => join(folder, 'projects', project)
  const studyPath = (project: string): string => join(projectFolder(project), 'study.yaml')
  return {
    folder,
    damage: [index.damage, settings.damage].filter((text) => text !== null),
    index: () => index.data,
    update: (change) => index.update(change),
    settings: () => settings.data,
    changeSettings: (change) => settings.update(change),
    readStudy: async (project) => {
      try {
        return await readFile(studyPath(project), 'utf8')
      } catch (error) {
        throw new QuerentError(
          'not-found',
          `the study of this project is gone: ${studyPath(project)}`,
          { file: studyPath(project) },
          { cause: error },
        )
      }
    },
    writeStudy: async (project, yaml) => {
      await withFile(projectFolder(project), () => makeFolder(projectFolder(project)))
      await writeAtomic(studyPath(project), yaml)
    },
    studyPath,
    projectFolder,
    experimentFolder: (project, experiment) => join(projectFolder(project), 'results', experiment),
    close: async () => {
      await index.update((data) => data)
    },
  }
}
