import { badInput } from '../core/errors'
import { strategies } from '../strategies/registry'
import { entryPath } from './entries'
import type { DatasetCounts } from './feasible'
import { partitionOf } from './partition'
import { parseRunFiles } from './runFiles'
import type { PlannedRun, Study } from './spec'
import { streamsOf } from './streams'

/** Names of the data sets on which a strategy or shadow aims at single classes: only there the labels have to be known. */
export const targetedDatasets = (plan: readonly PlannedRun[]): string[] => [
  ...new Set(plan.flatMap(({ spec }) => (aimsOf(spec).length > 0 ? [spec.datasetName] : []))),
]

/**
 * Refuses runs that aim at a class without a validation row of that class. Splits are drawn as the runs draw them, from the `labels` of
 * the training arrays (by data set; −1: none) and the study's files (`texts`, by path).
 */
export function checkTargets(
  study: Study,
  plan: readonly PlannedRun[],
  texts: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, Int32Array>>,
  facts: readonly DatasetCounts[],
): void {
  for (const { spec } of plan) {
    const aims = aimsOf(spec)
    const dataset = facts.find(({ name }) => name === spec.datasetName)
    const known = labels[spec.datasetName] as Int32Array | undefined
    if (aims.length === 0 || dataset === undefined || known === undefined) continue
    const array = (rows: number, of: Int32Array) => ({ data: new Uint8Array(0), rows, shape: [], labels: of })
    const test = dataset.testRows > 0 ? array(dataset.testRows, new Int32Array(0)) : null
    const source = { id: dataset.name, train: array(known.length, known), test }
    const { validation } = partitionOf(source, spec, parseRunFiles(spec, texts).split, streamsOf(spec))
    const held = new Set(Array.from(validation, (row) => known[row]))
    for (const { entry, classes } of aims) {
      const missing = classes.find((label) => !held.has(label))
      if (missing === undefined) continue
      throw badInput(
        `${entry.name} aims at class ${missing}, and none of the ${validation.length} validation rows of ${dataset.name} is of it with seed ${spec.repeat}`,
        {
          path: `${entryPath(study, entry)}.target`,
          found: `class ${missing}`,
          expected: 'classes among the validation rows of every seed; reserve more of them with protocol.validation',
        },
      )
    }
  }
}

const aimsOf = ({ strategy, shadow }: PlannedRun['spec']) =>
  [strategy, ...shadow]
    .map((entry) => ({ entry, classes: strategies.get(entry.id)?.targetClasses?.(entry.params) ?? [] }))
    .filter(({ classes }) => classes.length > 0)
