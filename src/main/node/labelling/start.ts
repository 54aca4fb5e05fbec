import { dirname } from 'node:path'
import { badInput, nearestName, unsupported } from '@engine/core/errors'
import { unlabeled } from '@engine/data/dataset'
import { shuffled, type RowLabel } from '@engine/labelling/history'
import { partsOf } from '@engine/labelling/round'
import type { Trunks } from '@engine/study/backbones'
import { isLine } from '@engine/study/entries'
import { labellingProblems } from '@engine/study/feasible'
import { parseSplit } from '@engine/study/runFiles'
import { parseStudy } from '@engine/study/schema'
import { readsOf } from '@engine/study/setting'
import type { RunSpec, Study } from '@engine/study/spec'
import type { BackendId } from '@engine/nn/executor'
import type { ChoosingJob } from '../../lab/ports'
import { knownTrunks } from '../../lab/prepareBackbones'
import { backboneContext, factsOf, resolveStudy, type DatasetFacts, type ExperimentDependencies } from '../../lab/runExperiment'
import { createSession, type StoredSession } from './folder'

/** What a session is made of. */
export interface StartRequest {
  readonly studyText: string
  /** where relative paths of the study start, and the name errors use */
  readonly studyPath: string
  readonly overrides?: readonly (readonly [path: string, value: unknown])[]
  readonly backend?: 'auto' | BackendId
  /** name of one of the study's strategies; may be left out when there is one */
  readonly strategy?: string
  /** names of classes that the data set's own labels do not show, after those that they do */
  readonly classes: readonly string[]
  readonly folder: string
  readonly name?: string
}

/** Makes a session: model, training and one strategy of the study, the labels there are, nothing asked yet. */
export async function startSession(
  request: StartRequest,
  deps: ExperimentDependencies,
  openJob: () => Promise<ChoosingJob>,
): Promise<StoredSession> {
  const { studyText, studyPath, overrides, folder } = request
  const study = parseStudy(studyText, { file: studyPath, overrides })
  const baseDir = dirname(studyPath)
  const [facts, ...others] = await factsOf(study, baseDir, deps)
  if (others.length > 0)
    throw badInput('a labelling session has one data set', { path: 'dataset', found: `${others.length + 1} data sets`, expected: 'one' })
  const classes = [...facts.classNames, ...request.classes.filter((name) => !facts.classNames.includes(name))]
  if (new Set(request.classes).size !== request.classes.length)
    throw badInput('a class is named twice', { path: 'classes', found: request.classes.join(', ') })
  if (classes.length < 2)
    throw badInput(`${facts.name} knows ${classes.length === 0 ? 'no class' : 'one class'}: say which classes there are`, {
      path: 'classes',
      found: classes.join(', ') || 'none',
      expected: 'the names of at least two classes (--classes cat,dog)',
    })
  const trunks = await knownTrunks(study, backboneContext(baseDir, [facts], deps))
  const { plan, backbones } = await resolveStudy(study, request.backend ?? study.run.backend, baseDir, deps)
  const spec = specOf(
    study,
    request.strategy,
    plan.map((run) => run.spec),
  )
  refuseUnfit(spec, study, { ...facts, classes: classes.length }, trunks, studyPath)
  const split = spec.data.split === null ? undefined : parseSplit(await deps.files.text(spec.data.split, baseDir), spec.data.split)
  for (const file of backbones.files) await deps.models.keep(file, baseDir, backbones.inputShape) // whatever becomes of the file
  const job = await openJob()
  try {
    const { labels } = await job.labels({ ...spec, baseDir })
    const known = [...labels].flatMap((label, row): RowLabel[] => (label === unlabeled ? [] : [[row, label]]))
    const arrived = shuffled(known, spec.protocol.seed, 0)
    const pool = { data: new Uint8Array(0), rows: facts.rows, shape: facts.shape, labels }
    partsOf(spec, { train: pool, test: null }, labels, new Int32Array(0), split) // the split file's rows exist, each once
    const at = deps.clock.now().toISOString()
    return await createSession(
      folder,
      {
        format: 1,
        name: request.name ?? study.study,
        createdAt: at,
        version: deps.version,
        base: deps.files.relative(folder, baseDir),
        rows: facts.rows,
        spec,
      },
      studyText,
      { at, type: 'import', source: facts.name, classes, labels: arrived },
    )
  } finally {
    await job.dispose()
  }
}

/** The run of the wanted strategy; refuses a choice that is not one. */
function specOf(study: Study, wanted: string | undefined, specs: readonly RunSpec[]): RunSpec {
  const names = study.strategies.map(({ name }) => name)
  const name = wanted ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined)
    throw badInput('which strategy asks for labels? The study has several', {
      path: 'strategies',
      found: names.join(', '),
      expected: 'one of them (--strategy NAME)',
    })
  if (!names.includes(name))
    throw badInput(`the study has no strategy "${name}"`, {
      path: 'strategies',
      found: name,
      expected: names.join(' · '),
      nearest: nearestName(name, names),
    })
  const own = specs.filter(({ strategy, repeat }) => strategy.name === name && repeat === 0)
  if (own.length === 1) return own[0]
  throw badInput(`the ablations of the study make ${own.length} variants of ${name}; a labelling session has one`, {
    path: 'ablate',
    found: Object.keys(study.ablate).join(', '),
    expected: 'a study without ablations (--set ablate={})',
  })
}

/** Refuses what cannot choose for people, and models that do not fit the data. */
function refuseUnfit(spec: RunSpec, study: Study, facts: DatasetFacts, trunks: Trunks, file: string): void {
  const { strategy } = spec
  const path = 'strategies'
  if (isLine(strategy) || strategy.id === 'replay')
    throw unsupported(
      `${strategy.name} asks for no labels: ${isLine(strategy) ? 'it trains on all of them' : 'it repeats what was chosen elsewhere'}`,
      {
        file,
        path,
        found: strategy.id,
        expected: 'a strategy that chooses',
      },
    )
  if (readsOf(strategy).includes('oracle'))
    throw unsupported(`${strategy.name} reads the true labels of the pool, which nobody knows here`, {
      file,
      path,
      found: strategy.id,
      expected: 'another strategy',
    })
  const [problem] = labellingProblems(spec, study, facts, trunks)
  if (problem !== undefined) throw badInput(problem.message, { file, path: problem.path, found: problem.found, expected: problem.expected })
}
