import { badInput } from '../core/errors'
import { filesOf } from './expand'
import type { DatasetFacts } from './feasible'
import { checkDisjoint, checkRows } from './partition'
import { parseRunFiles } from './runFiles'
import type { PlannedRun, RunSpec } from './spec'
import { unlabeledMessage } from './unlabeled'

/**
 * Refuses split, initial-row and selection files (`texts`, by path as the study writes them) that no run could use: unreadable ones,
 * rows that the data set lacks, rows named twice. What depends on a drawn test set is left to the run.
 */
export function checkFiles(
  plan: readonly PlannedRun[],
  texts: Readonly<Record<string, string>>,
  facts: readonly Pick<DatasetFacts, 'name' | 'rows' | 'testRows' | 'unlabeledRows'>[],
): void {
  const checked = new Set<string>()
  for (const { spec } of plan) {
    const files = filesOf(spec)
    const dataset = facts.find(({ name }) => name === spec.datasetName)
    if (files.length === 0 || dataset === undefined) continue
    const key = JSON.stringify([files, spec.datasetName, spec.repeat, spec.strategy.params, spec.protocol.dataStart])
    if (checked.has(key)) continue
    checked.add(key)
    checkRun(spec, texts, dataset)
  }
}

function checkRun(
  spec: RunSpec,
  texts: Readonly<Record<string, string>>,
  { name, rows, testRows, unlabeledRows = [] }: Pick<DatasetFacts, 'name' | 'rows' | 'testRows' | 'unlabeledRows'>,
): void {
  const { split, initialRows: initial } = parseRunFiles(spec, texts)
  if (split !== undefined) {
    const file = spec.data.split ?? undefined
    const parts = [split.train, split.validation, split.test]
    for (const part of parts) checkRows(part, rows, file)
    checkDisjoint(parts, rows, file)
    const unknown = new Set(Array.from(unlabeledRows))
    const without = parts.flatMap((part) => part.filter((row) => unknown.has(row)))
    if (without.length > 0)
      throw badInput(unlabeledMessage(name, without), {
        file,
        path: 'data.split',
        found: `row ${without[0]}`,
        expected: 'rows with a label',
      })
    if (split.train.length === 0) throw badInput(`${file} names no training rows`, { file, path: 'train', expected: 'at least one row' })
    if (split.test.length === 0 && testRows === 0)
      throw badInput(`${file} names no test rows, and ${name} has no test array`, { file, path: 'test', expected: 'rows' })
  }
  if (initial !== undefined) {
    const file = spec.protocol.initialRows ?? undefined
    if (initial.length === 0)
      throw badInput(`${file} gives no initial rows`, { file, path: 'protocol.initialRows', expected: 'at least one row' })
    checkRows(initial, rows, file)
    checkDisjoint([initial], rows, file)
    const stray = split && initial.find((row) => !split.train.includes(row))
    if (stray !== undefined)
      throw badInput(`${file}: row ${stray} is not in the pool`, {
        file,
        found: String(stray),
        expected: `training rows of ${spec.data.split}`,
      })
  }
}
