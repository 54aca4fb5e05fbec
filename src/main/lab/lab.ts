import { serveLab, type Handlers, type Port } from '@contract/rpc'
import type { LabDependencies } from './dependencies'
import { createArrivals } from './arrivals'
import { createDatasets } from './datasets'
import { createDownloads } from './downloads'
import { createExtractions } from './extractions'
import { createExplore } from './explore'
import { createExternalPrograms } from './externalPrograms'
import { createExperiments, summaryOf, type Experiments } from './experiments'
import { createFreeing } from './freeing'
import { createHub } from './hub'
import { createLabellingHandlers } from './labelling'
import { createNotices } from './notices'
import { createTables } from './tables'
import { createProjects, type Projects } from './projects'
import { createStorage } from './storage'

/** The application service: answers commands over any number of ports, owns the workspace, never computes. */
export interface Lab {
  readonly handlers: Handlers
  attach(port: Port): void
  /** Stops running experiments at their next safe point, then closes the workspace. */
  dispose(): Promise<void>
}

export async function createLab(deps: LabDependencies): Promise<Lab> {
  const { store } = deps
  const hub = createHub()
  const notices = createNotices(hub, deps.clock, () => deps.newId(), deps.onNotice)
  const projects: Projects = createProjects(deps, hub, summaryOf)
  const tables = createTables()
  const experiments: Experiments = createExperiments(deps, hub, notices, () => projects, tables)

  const explore = createExplore(deps, hub, experiments)
  const datasets = createDatasets(deps, hub)
  const labelling = createLabellingHandlers({ ...deps, requireAllowed: createExternalPrograms(store).require }, hub)
  const downloads = createDownloads(deps, hub, notices, deps.storage.requireRoom)
  const extractions = createExtractions(deps, hub, notices)

  for (const message of store.damage) notices.add('warning', 'A file was damaged', message)
  await experiments.settleCutOff()
  await projects.ensureSample()

  const handlers: Handlers = {
    ...projects.handlers,
    ...experiments.handlers,
    ...explore.handlers,
    ...datasets.handlers,
    ...labelling.handlers,
    ...downloads.handlers,
    ...extractions.handlers,
    ...createFreeing(deps),
    ...createArrivals(deps, projects, experiments),
    ...createStorage(deps, projects.announce),
    'app.licences': () => deps.licences(),
    'models.list': () => deps.models.list(),
    'models.import': async ({ files, ...about }) => {
      if ('paths' in files) return deps.models.bring(files.paths, about)
      try {
        return await deps.models.bring(await deps.datasets.uploaded(files.upload), about)
      } finally {
        await deps.datasets.forget(files.upload)
      }
    },
    ...tables,
    'app.info': async () => ({ ...deps.info, workspace: store.folder, backend: await deps.backends.describe() }),
    'settings.get': () => store.settings(),
    'settings.set': async (patch) => {
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
      await store.changeSettings((settings) => ({ ...settings, ...given }))
      return store.settings()
    },
    'doctor.run': () => deps.backends.doctor(),
    'notice.list': () => notices.list(),
    'notice.dismiss': ({ notice }) => {
      notices.dismiss(notice)
      return null
    },
  }
  return {
    handlers,
    attach: (port) => {
      const push = serveLab(port, handlers)
      const detach = hub.attach(push)
      port.onClose(detach)
    },
    dispose: async () => {
      await explore.stop()
      await datasets.stop()
      labelling.stop()
      await downloads.stop()
      await extractions.stop()
      await experiments.stop()
      hub.dispose()
      await store.close()
    },
  }
}
