import { z } from '../core/zod'
import type { Capability } from '../nn/model'
import { externalId } from './external'
import type { Memory, Query, Reading, Strategy, TrainingExtras } from './contract'

/** A method inside another one. */
export interface Part {
  readonly strategy: Strategy
  readonly params: unknown
}

/** One part as a study writes it: an id, or an object with the method's own parameters. */
export const partSchema = z.union([z.string().min(1), z.looseObject({ id: z.string().min(1) })])
export type PartEntry = z.infer<typeof partSchema>

type Given = Readonly<Record<string, unknown>>
export type Find = (id: string) => Strategy | undefined
type Refine = z.core.$RefinementCtx

const shapeOf = ({ params }: Strategy): readonly string[] => (params instanceof z.ZodObject ? Object.keys(params.shape) : [])

/**
 * The method of a part. Its parameters come from the part's object and, where that is silent, from `shared`, the entry's own keys;
 * what is wrong goes to `refine`.
 */
export function partOf(
  entry: PartEntry,
  shared: Given,
  find: Find,
  steps: readonly (string | number)[],
  refine?: Refine,
  mayBe: (strategy: Strategy) => boolean = ({ wholePool }) => wholePool !== true,
): Part | null {
  const { id, from: _from, ...own }: Given & { id: string } = typeof entry === 'string' ? { id: entry } : entry
  const strategy = find(id)
  const refuse = (message: string, path: readonly (string | number)[]): null => {
    refine?.addIssue({ code: 'custom', message, path: [...path] })
    return null
  }
  // A host asks before it starts a command, and looks for commands in entries alone.
  if (strategy === undefined || strategy.line || strategy.inner || strategy.id === externalId || !mayBe(strategy))
    return refuse(strategy === undefined ? 'the id of a strategy' : 'a method that chooses by itself', steps)
  const names = shapeOf(strategy)
  const inherited = Object.fromEntries(Object.entries(shared).filter(([key]) => names.includes(key) && !(key in own)))
  const parsed = strategy.params.safeParse({ ...inherited, ...own })
  if (parsed.success) return { strategy, params: parsed.data }
  for (const issue of parsed.error.issues) {
    const [key] = issue.path
    const path = typeof key === 'string' && key in inherited ? issue.path : [...steps, ...issue.path]
    refine?.addIssue({ ...issue, path: [...path] })
  }
  return null
}

/** Refuses keys that belong to no part. */
export function checkKeys(shared: Given, parts: readonly Part[], refine: Refine): void {
  const known = parts.flatMap(({ strategy }) => shapeOf(strategy))
  const keys = Object.keys(shared).filter((key) => !known.includes(key))
  if (keys.length > 0) refine.addIssue({ code: 'unrecognized_keys', keys, input: shared })
}

/** Parameter names of the parts that can be made out. */
export const namesOf = (entries: readonly PartEntry[], find: Find): string[] => [
  ...new Set(entries.flatMap((entry) => shapeOfFound(find(typeof entry === 'string' ? entry : entry.id)))),
]

const shapeOfFound = (strategy: Strategy | undefined): readonly string[] => (strategy === undefined ? [] : shapeOf(strategy))

/** What any of the parts needs, reads, names, keeps and adds to training. */
export const needsOfParts = (parts: readonly Part[]): readonly Capability[] => [
  ...new Set(parts.flatMap(({ strategy, params }) => strategy.needs(params))),
]
export const readsOfParts = (parts: readonly Part[]): readonly Reading[] => [
  ...new Set(parts.flatMap(({ strategy, params }) => strategy.reads?.(params) ?? [])),
]
export const classesOfParts = (parts: readonly Part[]): readonly number[] =>
  parts.flatMap(({ strategy, params }) => strategy.targetClasses?.(params) ?? [])
export const rememberedByParts = (parts: readonly Part[]): boolean =>
  parts.some(({ strategy, params }) => strategy.remembers?.(params) === true)
export function trainingOfParts(parts: readonly Part[]): TrainingExtras {
  const extras = parts.map(({ strategy, params }) => strategy.training?.(params) ?? {})
  return {
    ...extras.reduce((all, own) => ({ ...all, ...own }), {}),
    checkpoints: Math.max(0, ...extras.map(({ checkpoints = 0 }) => checkpoints)),
    withValidation: extras.some(({ withValidation }) => withValidation === true),
  }
}
export const effectivePart = ({ strategy, params }: Part): Given => ({
  id: strategy.id,
  params: strategy.effective?.(params) ?? params,
})

/** The query as part number `index` sees it: with draws and a memory of its own. */
export function queryOfPart(query: Query, index: number): Query {
  const prefix = `${index}.`
  const memory = Object.entries(query.memory).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
  )
  return { ...query, random: query.random.fork('part', index), memory: Object.fromEntries(memory) }
}

/** A part's memory under its number. */
export const memoryOfPart = (memory: Memory | undefined, index: number): Memory =>
  Object.fromEntries(Object.entries(memory ?? {}).map(([key, value]) => [`${index}.${key}`, value]))
