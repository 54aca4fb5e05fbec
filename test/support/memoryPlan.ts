import type { PlanReport } from '@contract/types'
import { datasetName } from '@engine/study/consistency'
import { estimateStudy } from '@engine/study/estimate'
import { expandStudy, variantsOf, type Resolved } from '@engine/study/expand'
import { reviewStudy } from '@engine/study/review'
import { checkStudy } from '@engine/study/schema'
import type { Study } from '@engine/study/spec'
import { canonicalJson } from '@engine/core/hash'
import { libraryData } from './memoryContent'

/** What the lab in memory knows before it hashes a grid. */
export const resolve = (study: Study): Resolved => ({
  backend: 'onnx-native',
  precision: 'float32',
  datasets: study.datasets.map((ref) => ({ ref, name: datasetName(ref), sha256: libraryData.find(({ id }) => id === ref)?.sha256 ?? '' })),
})

/** The plan of a study, with the runs that are finished already. */
export function planOf(yaml: string, finished: ReadonlySet<string>): PlanReport {
  const factsOf = (study: Study) =>
    study.datasets.flatMap((ref) => libraryData.filter(({ id }) => id === ref).map((set) => ({ ...set, name: set.id })))
  const reviewed = reviewStudy(yaml, { file: 'study.yaml' }, factsOf)
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
    ...estimateStudy(study, factsOf(study), { backend: 'onnx-native', jobs: 2 }),
    grid: variantsOf(study).map(({ plan, factors }) => ({
      strategy: plan.strategy.name,
      strategyId: plan.strategy.id,
      factors,
      seeds: study.protocol.seeds,
      computed: computed.get(cell(plan.strategy.name, factors)) ?? 0,
    })),
  }
}
