import { throwIfCancelled } from '../core/errors'
import { argMax } from '../core/linear'
import type { Random } from '../core/random'
import { z } from '../core/zod'
import type { Query, Strategy } from './contract'
import {
  checkKeys,
  classesOfParts,
  effectivePart,
  memoryOfPart,
  namesOf,
  needsOfParts,
  partOf,
  partSchema,
  queryOfPart,
  readsOfParts,
  trainingOfParts,
  type Find,
  type Part,
  type PartEntry,
} from './parts'
import { noRows } from './query'

const ownParams = z.looseObject({
  arms: z
    .union([z.string().min(1), z.array(partSchema).min(2).max(20)])
    .default('least-confidence, core-set')
    .meta({
      title: 'Methods',
      description: 'What the bandit chooses from, one method per round.',
    }),
  delta: z.number().gt(0).lt(1).default(0.1).meta({ title: 'δ', description: 'Confidence of the bandit: smaller explores more.' }),
})

interface AlblParams {
  readonly arms: string | readonly PartEntry[]
  readonly delta: number
  readonly [shared: string]: unknown
}

const entriesOf = (arms: AlblParams['arms']): readonly PartEntry[] =>
  typeof arms === 'string' ? arms.split(',').map((text) => text.trim()) : arms
const sharedOf = ({ arms: _arms, delta: _delta, ...shared }: AlblParams): Readonly<Record<string, unknown>> => shared

/** Chance of each arm: the floor 1/(10 K), and the rest by weight (A§11.3). */
export function armChances(weights: Float64Array): Float64Array {
  const floor = 1 / (10 * weights.length)
  const total = weights.reduce((a, b) => a + b)
  return weights.map((weight) => (1 - weights.length * floor) * (weight / total) + floor)
}

/** The weight of the arm that was played, after its reward. */
export function rewarded(weight: number, reward: number, chance: number, arms: number, delta: number): number {
  const floor = 1 / (10 * arms)
  return weight * Math.exp((floor / 2) * (reward + Math.sqrt(Math.log(arms / delta) / arms) / chance))
}

/** A bandit over methods (A§11.3). Its reward is the accuracy on labelled rows, each weighted by 1/chance of the arm that bought it. */
export function createAlbl(find: Find): Strategy<AlblParams> {
  const partsOf = (params: AlblParams): Part[] =>
    entriesOf(params.arms).flatMap((entry, j) => partOf(entry, sharedOf(params), find, ['arms', j]) ?? [])

  return {
    id: 'albl',
    title: 'ALBL',
    summary: 'A bandit that learns, from the accuracy on what it bought, which of several methods to ask.',
    sources: [
      {
        authors: 'Hsu, Lin',
        title: 'Active learning by learning',
        venue: 'AAAI',
        year: 2015,
        url: 'https://ojs.aaai.org/index.php/AAAI/article/view/9597',
      },
    ],
    params: ownParams.superRefine((params, refine) => {
      const entries = entriesOf(params.arms)
      const parts = entries.map((entry, j) => partOf(entry, sharedOf(params), find, ['arms', j], refine))
      if (entries.length < 2) refine.addIssue({ code: 'custom', message: 'two methods or more, such as margin, core-set', path: ['arms'] })
      if (parts.every((part) => part !== null)) checkKeys(sharedOf(params), parts, refine)
    }),
    needs: (params) => [...new Set(['proba' as const, ...needsOfParts(partsOf(params))])],
    reads: (params) => readsOfParts(partsOf(params)),
    targetClasses: (params) => classesOfParts(partsOf(params)),
    remembers: () => true,
    training: (params) => trainingOfParts(partsOf(params)),
    inner: ({ arms = 'least-confidence, core-set' }) => {
      const parsed = ownParams.shape.arms.safeParse(arms)
      return parsed.success ? namesOf(entriesOf(parsed.data), find) : []
    },
    effective: (params) => ({ arms: partsOf(params).map(effectivePart), delta: params.delta }),
    modelFree: false,
    async select(query, params) {
      throwIfCancelled(query.signal)
      if (query.pool.length === 0) return noRows
      const parts = partsOf(params)
      const { memory } = query
      const weights = memory.weights?.slice() ?? new Float64Array(parts.length).fill(1)
      let reward: number | undefined
      if (memory.played !== undefined) {
        const [arm, chance] = memory.played
        reward = await weightedAccuracy(query)
        weights[arm] = rewarded(weights[arm], reward, chance, parts.length, params.delta)
      }
      const chances = armChances(weights)
      const arm = drawn(chances, query.random)
      const { strategy, params: own } = parts[arm]
      const answer = await strategy.select(queryOfPart(query, arm), own)
      return {
        ...answer,
        mode: strategy.id,
        diagnostics: {
          ...answer.diagnostics,
          ...(reward !== undefined && { reward }),
          ...Object.fromEntries(parts.map((part, j) => [`chance_${j}_${part.strategy.id}`, chances[j]])),
        },
        memory: {
          ...memory,
          ...memoryOfPart(answer.memory, arm),
          weights,
          played: Float64Array.of(arm, chances[arm]),
          bought: Float64Array.from([...(memory.bought ?? []), ...answer.rows]),
          importance: Float64Array.from([...(memory.importance ?? []), ...Array.from(answer.rows, () => 1 / chances[arm])]),
        },
      }
    },
  }
}

function drawn(chances: Float64Array, random: Random): number {
  let left = random.next()
  for (let arm = 0; arm < chances.length - 1; arm++) {
    left -= chances[arm]
    if (left < 0) return arm
  }
  return chances.length - 1
}

/** Mean over the labelled rows of importance × [predicted right]; rows that no arm bought count once. */
async function weightedAccuracy({ model, labeled, labels, memory: { bought, importance } }: Query): Promise<number> {
  if (labeled.length === 0) return 0
  const { data, cols } = await model.probabilities(labeled)
  const weightOf = new Map(Array.from(bought ?? [], (row, i) => [row, importance[i]]))
  let sum = 0
  labeled.forEach((row, i) => {
    if (argMax(data, i * cols, cols) === labels[i]) sum += weightOf.get(row) ?? 1
  })
  return sum / labeled.length
}
