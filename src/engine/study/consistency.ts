import { nearestName } from '../core/errors'
import type { Strategy } from '../strategies/contract'
import { strategies } from '../strategies/registry'
import { isLine, unknownStrategy } from './entries'
import type { Path } from './paths'
import { hint, problem, type Problem } from './problems'
import type { DatasetRef, Study } from './spec'

/** Name of a data set in CSVs: the library id, the given name, or the file's base name. */
export function datasetName(ref: DatasetRef): string {
  if (typeof ref !== 'string' && ref.name !== undefined) return ref.name
  if (typeof ref !== 'string' && 'classes' in ref) return `${datasetName(ref.id)}[${rangesText(ref.classes)}]`
  const path = (typeof ref === 'string' ? ref : ref.inputs).replace(/#.*$/, '')
  const base = path.split(/[/\\]/).filter(Boolean).pop() ?? path
  return base.replace(/\.(npy|npz|csv|tsv|safetensors|gz)$/i, '').replace(/\.csv$/i, '') || base
}

/** `0-2,5` */
function rangesText(classes: readonly (number | string)[]): string {
  const runs: (number | string)[][] = []
  for (const value of classes) {
    const last = runs.at(-1)
    const before = last?.at(-1)
    if (last !== undefined && typeof before === 'number' && value === before + 1) last.push(value)
    else runs.push([value])
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run[run.length - 1]}` : run.join(','))).join(',')
}

/** Names used twice and test arrays without labels. */
export function datasetProblems(datasets: readonly DatasetRef[]): Problem[] {
  const seen = new Set<string>()
  return datasets.flatMap((ref, i): Problem[] => {
    const name = datasetName(ref)
    const steps: Path = datasets.length === 1 ? ['dataset'] : ['dataset', i]
    const problems = seen.has(name)
      ? [
          problem('duplicate-name', steps, `two data sets are called "${name}"; write one as { inputs, labels, name }`, {
            found: name,
            expected: 'a name used once',
          }),
        ]
      : []
    seen.add(name)
    if (typeof ref !== 'string' && 'inputs' in ref && (ref.testInputs === undefined) !== (ref.testLabels === undefined)) {
      problems.push(problem('missing', steps, 'testInputs and testLabels go together', { expected: 'both or none' }))
    }
    return problems
  })
}

/** What fields say about each other. */
export function consistencyProblems(study: Study): Problem[] {
  const { protocol, stats, strategies: entries, metrics } = study
  const problems: Problem[] = []
  const names = entries.filter((entry) => !isLine(entry)).map(({ name }) => name)
  if (names.length > 0 && !names.includes(stats.baseline)) {
    const nearest = nearestName(stats.baseline, names)
    problems.push(
      problem('unknown-name', ['stats', 'baseline'], `no strategy is called "${stats.baseline}"${hint(nearest)}`, {
        found: stats.baseline,
        expected: names.join(' · '),
        nearest,
      }),
    )
  }
  if (!metrics.includes(stats.metric)) {
    problems.push(
      problem('unknown-name', ['stats', 'metric'], `"${stats.metric}" is not among the study's metrics`, {
        found: stats.metric,
        expected: metrics.join(' · '),
      }),
    )
  }
  return [...problems, ...protocolProblems(protocol), ...startProblems(study)]
}

/** Weights that there are none of; also asked of every factor level. */
export const startProblems = ({ model, training }: Pick<Study, 'model' | 'training'>): Problem[] =>
  training.weightStart !== 'pretrained' || model.type === 'finetune'
    ? []
    : [
        problem('wrong-value', ['training', 'weightStart'], `a ${model.type} model has no pre-trained weights to start from`, {
          found: 'pretrained',
          expected: 'reinit-fresh · reinit-same · carry · shrink-perturb, or model.type finetune',
        }),
      ]

/** Contradictions inside the protocol; also asked of every factor level. */
export function protocolProblems(protocol: Study['protocol']): Problem[] {
  const problems: Problem[] = []
  if (protocol.initialSampling === 'file' && protocol.initialRows === null) {
    problems.push(
      problem('missing', ['protocol', 'initialRows'], 'initialSampling: file needs a file of rows', {
        found: 'nothing',
        expected: 'a path',
      }),
    )
  }
  if (protocol.subPool !== null && protocol.subPool < protocol.query) {
    problems.push(
      problem(
        'impossible-budget',
        ['protocol', 'subPool'],
        `a sub-pool of ${protocol.subPool} rows does not hold a batch of ${protocol.query}`,
        { found: String(protocol.subPool), expected: `at least ${protocol.query}` },
      ),
    )
  }
  if (protocol.firstBatch !== 'strategy') {
    const strategy = strategies.get(protocol.firstBatch)
    const steps: Path = ['protocol', 'firstBatch']
    if (strategy === undefined) problems.push(unknownStrategy(protocol.firstBatch, steps))
    else if (!canOpen(strategy)) {
      const able = [...strategies.values()].filter(canOpen).map(({ id }) => id)
      const why = strategy.line ? 'is no query method' : strategy.proxy ? 'chooses by a proxy' : 'needs parameters of its own'
      problems.push(
        problem('wrong-value', steps, `"${strategy.id}" ${why} and cannot choose the first batch for others`, {
          found: strategy.id,
          expected: ['strategy', ...able].join(' · '),
        }),
      )
    }
  }
  return problems
}

/** Whether a method can be named without parameters; with an empty start it asks features, chance, or the untrained network. */
const canOpen = (strategy: Strategy): boolean => !strategy.line && !strategy.proxy && strategy.params.safeParse({}).success
