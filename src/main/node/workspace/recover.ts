import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describeStudy } from '../../lab/describeStudy'
import type { ExperimentRecord, ProjectRecord, WorkspaceIndex } from '../../lab/workspacePort'

/**
 * An index made from the folders, for when the file is lost: projects under the names of their studies, experiments as if they
 * had been cut off, so that the lab finds out how far they came.
 */
export async function recoverIndex(folder: string): Promise<WorkspaceIndex> {
  const projects: ProjectRecord[] = []
  const experiments: ExperimentRecord[] = []
  const root = join(folder, 'projects')
  for (const project of await readdir(root)) {
    const results = join(root, project, 'results')
    const text = await readFile(join(root, project, 'study.yaml'), 'utf8').catch(() => null)
    if (text === null) continue
    const name = describeStudy(text).name || project
    const { birthtime } = await stat(join(root, project))
    projects.push({
      id: project,
      name,
      createdAt: birthtime.toISOString(),
      openedAt: birthtime.toISOString(),
      revision: 1,
      removedAt: null,
    })
    for (const experiment of await readdir(results).catch(() => [])) {
      const dir = join(results, experiment)
      const startedAt = (await stat(dir)).birthtime.toISOString()
      const nothingYet = { finishedAt: null, runs: 0, finished: 0, failed: 0, sparkline: [], removedAt: null }
      experiments.push({ id: experiment, project, name, folder: dir, startedAt, state: 'running', ...nothingYet })
    }
  }
  experiments.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
  return { format: 1, active: null, projects, experiments }
}
