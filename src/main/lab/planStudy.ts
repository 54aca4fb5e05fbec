import type { PlanReport } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { canonicalJson } from '@engine/core/hash'
import { estimateStudy } from '@engine/study/estimate'
import { reviewStudy } from '@engine/study/review'
import { checkStudy } from '@engine/study/schema'
import type { Finding, PlannedRun } from '@engine/study/spec'
import type { ExperimentRequest } from './experiment'
import { knownTrunks } from './prepareBackbones'
import { autoJobs, backboneContext, checkStudyFiles, factsOf, resolveStudy, type ExperimentDependencies } from './runExperiment'

export type PlanRequest = Pick<ExperimentRequest, 'studyText' | 'studyPath' | 'overrides' | 'backend' | 'jobs'>

/** What a study would do, without doing it. A bad study is a report with findings, never a rejection. `computed`: run hashes that are finished somewhere. */
export async function planStudy(
  request: PlanRequest,
  deps: ExperimentDependencies,
  computed: ReadonlySet<string> = new Set(),
): Promise<PlanReport> {
  const { studyText, studyPath, overrides } = request
  const options = { file: studyPath, overrides }
  const { study, findings: first } = checkStudy(studyText, options)
  if (study === null) return refused(first)
  const baseDir = deps.files.folderOf(studyPath)
  let findings = first
  try {
    const facts = await factsOf(study, baseDir, deps)
    const trunks = await knownTrunks(study, backboneContext(baseDir, facts, deps))
    const reviewed = reviewStudy(studyText, options, () => facts, trunks)
    findings = reviewed.findings
    if (reviewed.study === null) return refused(findings)
    const prepared = await resolveStudy(study, request.backend ?? study.run.backend, baseDir, deps)
    await checkStudyFiles(prepared, facts, deps)
    const { plan, backend } = prepared
    const jobs = request.jobs ?? (study.run.jobs === 'auto' ? autoJobs(backend, deps.cores) : study.run.jobs)
    const grid = gridOf(plan, computed)
    const cells = new Map(grid.map((cell) => [cellKey(cell.strategy, cell.factors), cell.computed]))
    const done = (strategy: string, factors: PlannedRun['factors']): number => cells.get(cellKey(strategy, factors)) ?? 0
    return { valid: true, ...estimateStudy(study, facts, { backend: backend.id, jobs, trunks, done }), findings, grid }
  } catch (error) {
    if (!(error instanceof QuerentError)) throw error
    const { path = 'dataset', found, expected, nearest } = error.details
    return refused([...findings, { code: error.code, severity: 'error', path, message: error.message, found, expected, nearest }])
  }
}

const refused = (findings: readonly Finding[]): PlanReport => ({
  valid: false,
  runs: 0,
  fits: 0,
  estimatedSeconds: 0,
  estimatedBytes: 0,
  estimatedMemoryBytes: 0,
  findings,
  grid: [],
})

const cellKey = (strategy: string, factors: PlannedRun['factors']): string => canonicalJson([strategy, factors])

/** Runs by strategy and factor cell, in the order of the study. */
function gridOf(plan: readonly PlannedRun[], computed: ReadonlySet<string>): PlanReport['grid'] {
  const cells = new Map<string, PlanReport['grid'][number]>()
  for (const { hash, spec, factors } of plan) {
    const { name, id } = spec.strategy
    const key = cellKey(name, factors)
    const cell = cells.get(key) ?? { strategy: name, strategyId: id, factors, seeds: 0, computed: 0 }
    cells.set(key, { ...cell, seeds: cell.seeds + 1, computed: cell.computed + (computed.has(hash) ? 1 : 0) })
  }
  return [...cells.values()]
}
