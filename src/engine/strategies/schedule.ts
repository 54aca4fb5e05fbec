import { throwIfCancelled } from '../core/errors'
import { argMax } from '../core/linear'
import { z } from '../core/zod'
import { midRanks } from '../metrics/dynamics'
import { alignment, alignmentTarget, type AlignmentParams } from './alignment'
import type { Acquisition, Memory, Query, Strategy } from './contract'
import { norm2, product, type Direction } from './lossGradients'
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
  rememberedByParts,
  trainingOfParts,
  type Find,
  type Part,
  type PartEntry,
} from './parts'
import { noRows, takeBest } from './query'

const ownParams = z.looseObject({
  phases: z
    .union([z.string().min(1), z.array(partSchema).min(2).max(20)])
    .default('alignment, entropy')
    .meta({
      title: 'Phases',
      description:
        'Methods in order, each with the query round it starts at: alignment@0, entropy@4. Rounds left out divide the run evenly, a bit early: two phases switch after a third.',
    }),
  mode: z.enum(['hard', 'soft', 'adaptive']).default('hard').meta({
    title: 'Transition',
    description:
      "Switch at the given rounds; mix the two methods' ranks, from the first method's round to the second's; or switch once the target gradient keeps its direction (cosine ≥ 0.5) or the validation accuracy is half-way between chance and 1.",
  }),
})

interface ScheduleParams {
  readonly phases: string | readonly PartEntry[]
  readonly mode: 'hard' | 'soft' | 'adaptive'
  readonly [shared: string]: unknown
}

/** A phase as it is written: the method, and its start when that is given. */
interface Phase {
  readonly entry: PartEntry
  readonly from: number | null
}

function phasesOf(phases: ScheduleParams['phases']): Phase[] {
  const list = typeof phases === 'string' ? phases.split(',').map((text) => text.trim()) : phases
  return list.map((entry) => {
    if (typeof entry !== 'string') return { entry, from: typeof entry.from === 'number' ? entry.from : null }
    const [id, from] = entry.split('@')
    return { entry: id.trim(), from: from === undefined ? null : /^\d+$/.test(from.trim()) ? Number(from) : NaN }
  })
}

const sharedOf = ({ phases: _phases, mode: _mode, ...shared }: ScheduleParams): Readonly<Record<string, unknown>> => shared

/**
 * First query round of every phase. Those that do not say divide the rounds between the ones that do evenly; behind the last of them
 * the run ends as if there were one phase more: ⌈rounds · j / (phases + 1)⌉ when none says.
 */
export function startsOf(phases: readonly { readonly from: number | null }[], rounds: number): number[] {
  const given = [0, ...phases.flatMap(({ from }, j) => (from === null || j === 0 ? [] : [j])), phases.length + 1]
  const roundOf = (j: number): number => (j > phases.length ? rounds : (phases[j].from ?? 0))
  return phases.map(({ from }, j) => {
    if (from !== null) return from
    const [before, after] = [given.findLast((i) => i <= j) ?? 0, given.find((i) => i > j) ?? phases.length + 1]
    return roundOf(before) + Math.ceil((Math.max(0, roundOf(after) - roundOf(before)) * (j - before)) / (after - before))
  })
}

/** Whether phases stand closer together than one round each. */
const crowded = ([first, ...rest]: readonly (number | null)[]): boolean => {
  let [from, at] = [first ?? 0, 0]
  return rest.some((next, i) => {
    if (next === null) return false
    const isCrowded = next - from < i + 1 - at
    ;[from, at] = [next, i + 1]
    return isCrowded
  })
}

/** Ids of the phases that a run of `rounds` query rounds does not come to in `mode: hard`, by the parameters of a schedule. */
export function idlePhases(params: Readonly<Record<string, unknown>>, rounds: number): string[] {
  const { mode, phases } = ownParams.parse(params)
  const list = phasesOf(phases)
  const starts = startsOf(list, rounds)
  const isIdle = (j: number): boolean => starts[j] >= Math.min(rounds, starts[j + 1] ?? rounds)
  return mode === 'hard' ? list.flatMap(({ entry }, j) => (isIdle(j) ? [typeof entry === 'string' ? entry : entry.id] : [])) : []
}

/** Weight of the second of two phases in `round`: rises from 0 at `start` to 1 at `end` (A§9.4). */
export const softWeight = (round: number, start: number, end: number): number =>
  end <= start ? (round >= end ? 1 : 0) : Math.min(1, Math.max(0, (round - start) / (end - start)))

/** Methods that take turns (A§9.4). `find` gives the methods it may be made of. */
export function createSchedule(find: Find): Strategy<ScheduleParams> {
  const partsOf = (params: ScheduleParams): Part[] =>
    phasesOf(params.phases).flatMap(({ entry }, j) => partOf(entry, sharedOf(params), find, ['phases', j]) ?? [])
  /** whose target gradient decides when an adaptive schedule switches: that of the first alignment phase, or what it would be */
  const guideOf = (params: ScheduleParams): Part =>
    partsOf(params).find(({ strategy }) => strategy.id === alignment.id) ??
    partOf(alignment.id, sharedOf(params), find, []) ?? { strategy: alignment, params: alignment.params.parse({}) }
  const all = (params: ScheduleParams): Part[] => [...partsOf(params), ...(params.mode === 'adaptive' ? [guideOf(params)] : [])]

  return {
    id: 'schedule',
    title: 'Schedule',
    summary: 'One method early, another later: switched at a round, mixed by ranks, or switched when training has settled.',
    sources: [],
    params: ownParams.superRefine((params, refine) => {
      const phases = phasesOf(params.phases)
      const issue = (message: string, path: (string | number)[] = ['phases']): void => refine.addIssue({ code: 'custom', message, path })
      const parts = phases.map(({ entry }, j) => partOf(entry, sharedOf(params), find, ['phases', j], refine))
      if (phases.length < 2) issue('two phases or more, such as alignment@0, entropy@4')
      if (params.mode !== 'hard' && phases.length > 2) issue('two phases, or mode: hard')
      const starts = phases.map(({ from }) => from)
      if (starts.some((from) => from !== null && !(Number.isInteger(from) && from >= 0))) issue('a query round, counted from 0, after @')
      const given = starts.filter((from) => from !== null)
      if (given.some((from, i) => i > 0 && from <= given[i - 1])) issue('rounds that rise from phase to phase')
      else if (params.mode !== 'adaptive' && crowded(starts)) issue('a round for every phase between two that say where they start')
      if (params.mode !== 'soft' && starts[0] !== null && starts[0] > 0) issue('a first phase that starts at round 0')
      if (parts.every((part) => part !== null))
        checkKeys(sharedOf(params), [...parts, ...(params.mode === 'adaptive' ? [{ strategy: alignment, params: {} }] : [])], refine)
    }),
    needs: (params) => needsOfParts(all(params)),
    reads: (params) => readsOfParts(all(params)),
    targetClasses: (params) => classesOfParts(all(params)),
    remembers: (params) => params.mode === 'adaptive' || rememberedByParts(all(params)),
    training: (params) => trainingOfParts(all(params)),
    inner: (given) => [...namesOf(entriesOf(given), find), ...(given.mode === 'adaptive' ? namesOf([alignment.id], find) : [])],
    effective: (params) => ({
      mode: params.mode,
      // An adaptive schedule finds its round itself.
      phases: phasesOf(params.phases).map(({ from }, j) => ({
        ...(params.mode !== 'adaptive' && { from }),
        ...effectivePart(partsOf(params)[j]),
      })),
      ...(params.mode === 'adaptive' && { guide: effectivePart(guideOf(params)) }),
    }),
    modelFree: false,
    async select(query, params) {
      throwIfCancelled(query.signal)
      if (query.pool.length === 0) return noRows
      const parts = partsOf(params)
      const phases = phasesOf(params.phases)
      const starts = startsOf(phases, query.rounds)
      if (params.mode === 'soft') {
        // Without rounds the change takes the whole run.
        const [start, end] = [phases[0].from ?? 0, phases[1].from ?? query.rounds - 1]
        return mixed(query, parts, softWeight(query.round, start, end))
      }
      if (params.mode === 'hard') {
        const phase = starts.findLastIndex((start) => query.round >= start)
        return alone(query, parts, Math.max(0, phase))
      }
      const { switched, memory } = await settled(query, guideOf(params).params as AlignmentParams)
      const chosen = await alone(query, parts, switched ? 1 : 0)
      return { ...chosen, memory: { ...chosen.memory, ...memory } }
    },
  }
}

/** Phases as far as they can be read from a file that may be wrong. */
function entriesOf({ phases = 'alignment, entropy' }: Readonly<Record<string, unknown>>): PartEntry[] {
  const parsed = ownParams.shape.phases.safeParse(phases)
  return parsed.success ? phasesOf(parsed.data).map(({ entry }) => entry) : []
}

/** Asks one phase; the others keep what they remember. */
async function alone(query: Query, parts: readonly Part[], phase: number): Promise<Acquisition> {
  const { strategy, params } = parts[phase]
  const answer = await strategy.select(queryOfPart(query, phase), params)
  return {
    ...answer,
    mode: answer.mode === undefined ? strategy.id : `${strategy.id}: ${answer.mode}`,
    diagnostics: { ...answer.diagnostics, ...weightsOf(parts, (j) => (j === phase ? 1 : 0)) },
    memory: { ...query.memory, ...memoryOfPart(answer.memory, phase) },
  }
}

const weightsOf = (parts: readonly Part[], weight: (part: number) => number): Record<string, number> =>
  Object.fromEntries(parts.map(({ strategy }, j) => [`weight_${j}_${strategy.id}`, weight(j)]))

/** Ranks of both methods, mixed; a method without scores ranks the rows it picks, in order, before all others. */
async function mixed(query: Query, parts: readonly Part[], weight: number): Promise<Acquisition> {
  if (weight === 0 || weight === 1) return alone(query, parts, weight)
  const answers: Acquisition[] = []
  for (const [j, { strategy, params }] of parts.entries()) answers.push(await strategy.select(queryOfPart(query, j), params))
  const [first, second] = answers.map((answer) => midRanks(answer.scores ?? pickScores(query, answer)))
  const last = Math.max(1, query.pool.length - 1)
  const scores = first.map((rank, i) => ((1 - weight) * (rank - 1) + weight * (second[i] - 1)) / last)
  return {
    ...takeBest(query, scores),
    mode: parts.map(({ strategy }) => strategy.id).join(' + '),
    diagnostics: { ...answers[0].diagnostics, ...answers[1].diagnostics, ...weightsOf(parts, (j) => (j === 0 ? 1 - weight : weight)) },
    memory: { ...query.memory, ...memoryOfPart(answers[0].memory, 0), ...memoryOfPart(answers[1].memory, 1) },
  }
}

function pickScores({ pool }: Query, { rows }: Acquisition): Float64Array {
  const place = new Map(Array.from(rows, (row, i) => [row, rows.length - i]))
  return Float64Array.from(pool, (row) => place.get(row) ?? 0)
}

/** cosine of two target gradients, and share of the way from chance to 1, from which on training counts as settled */
const threshold = 0.5

/** Whether an adaptive schedule has switched, now or before; its memory holds the last target gradient. */
async function settled(query: Query, guide: AlignmentParams): Promise<{ readonly switched: boolean; readonly memory: Memory }> {
  if (query.memory.switched !== undefined) return { switched: true, memory: { switched: query.memory.switched } }
  const { direction } = await alignmentTarget(query, guide)
  const before = Array.from(direction, (_, t) => query.memory[`target ${t}`]).filter((part) => part !== undefined)
  const chance = 1 / query.classes
  const steady = before.length === direction.length && cosine(direction, before) >= threshold
  const accurate = (await validationAccuracy(query)) >= threshold * (1 + chance)
  if (steady || accurate) return { switched: true, memory: { switched: Float64Array.of(query.round) } }
  return { switched: false, memory: Object.fromEntries(direction.map((part, t) => [`target ${t}`, Float64Array.from(part)])) }
}

function cosine(a: Direction, b: Direction): number {
  const lengths = Math.sqrt(norm2(a) * norm2(b))
  return lengths === 0 ? 0 : product(a, b) / lengths
}

/** Share of validation rows predicted right; 0 without any. */
async function validationAccuracy({ model, validation: { rows, labels } }: Query): Promise<number> {
  if (rows.length === 0) return 0
  const { data, cols } = await model.probabilities(rows)
  let hits = 0
  labels.forEach((label, i) => (hits += argMax(data, i * cols, cols) === label ? 1 : 0))
  return hits / rows.length
}
