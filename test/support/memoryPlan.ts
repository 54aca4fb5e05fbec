import type { PlanReport } from '@contract/types'
import { datasetName } from '@engine/study/consistency'
import { estimateStudy } from '@engine/study/estimate'
import { studyBackbones } from '@engine/study/backbones'
import { backboneKey, expandStudy, variantsOf, type Resolved } from '@engine/study/expand'
import { reviewStudy } from '@engine/study/review'
import { checkStudy } from '@engine/study/schema'
import type { DatasetRef, Study } from '@engine/study/spec'
import { canonicalJson, hashValue } from '@engine/core/hash'
import { libraryData } from './memoryContent'

const setOf = (ref: DatasetRef) => libraryData.find(({ id }) => id === (typeof ref === 'string' ? ref : 'id' in ref ? ref.id : ''))

/** A set of the library as a study takes it: some classes are some of the rows. */
function factsOf(ref: DatasetRef) {
  const set = setOf(ref)
  if (!set) return []
  const taken = typeof ref === 'object' && 'classes' in ref ? ref.classes.length : set.classes
  const part = (rows: number): number => Math.floor((rows * taken) / set.classes)
  return [{ ...set, name: datasetName(ref), classes: taken, rows: part(set.rows), testRows: part(set.testRows) }]
}

/** What the lab in memory knows before it hashes a grid. */
export const resolve = (study: Study): Resolved => ({
  backend: 'onnx-native',
  precision: 'float32',
  datasets: study.datasets.map((ref) => ({ ref, name: datasetName(ref), sha256: setOf(ref)?.sha256 ?? '' })),
  backbones: Object.fromEntries(studyBackbones(study).map((ref) => [backboneKey(ref), hashValue(ref)])),
})

/** The plan of a study, with the runs that are finished already. */
export function planOf(yaml: string, finished: ReadonlySet<string>): PlanReport {
  const reviewed = reviewStudy(yaml, { file: 'study.yaml' }, ({ datasets }) => datasets.flatMap(factsOf))
  const study = reviewed.study ?? checkStudy(yaml, { file: 'study.yaml' }).study
  const nothing = { runs: 0, fits: 0, estimatedSeconds: 0, estimatedBytes: 0, estimatedMemoryBytes: 0, grid: [] }
  if (!study) return { valid: false, findings: reviewed.findings, ...nothing }
  const computed = new Map<string, number>()
  const cell = (strategy: string, factors: unknown): string => canonicalJson([strategy, factors])
  for (const { hash, spec, factors } of expandStudy(study, resolve(study)))
    if (finished.has(hash)) computed.set(cell(spec.strategy.name, factors), (computed.get(cell(spec.strategy.name, factors)) ?? 0) + 1)
  return {
    valid: reviewed.study !== null,
    findings: reviewed.findings,
    ...estimateStudy(study, study.datasets.flatMap(factsOf), {
      backend: 'onnx-native',
      jobs: 2,
      done: (strategy, factors) => computed.get(cell(strategy, factors)) ?? 0,
    }),
    grid: variantsOf(study).map(({ plan, factors }) => ({
      strategy: plan.strategy.name,
      strategyId: plan.strategy.id,
      factors,
      seeds: study.protocol.seeds,
      computed: computed.get(cell(plan.strategy.name, factors)) ?? 0,
    })),
  }
}
