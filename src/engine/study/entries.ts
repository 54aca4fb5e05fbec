import { nearestName } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from '../strategies/contract'
import { strategies } from '../strategies/registry'
import { entryName } from './fields'
import { describe, isRecord, type Path } from './paths'
import { hint, problem, problemsOf, type Problem } from './problems'
import type { StrategyEntry, Study } from './spec'

const common = z.object({ id: z.string(), name: entryName.optional(), rounds: z.int().min(1).max(100_000).optional() })
const commonKeys = Object.keys(common.shape)

/** Parameter names of a strategy, those of the methods it is made of among them; none when its schema is not an object. */
export const parameterNames = (strategy: Strategy, given: Readonly<Record<string, unknown>>): string[] => [
  ...(strategy.params instanceof z.ZodObject ? Object.keys(strategy.params.shape) : []),
  ...(strategy.inner?.(given) ?? []),
]

export const isLine = (entry: StrategyEntry): boolean => strategies.get(entry.id)?.line === true

/** One entry of `strategies` or `shadow`: an id, or an object with id, name, rounds and the method's parameters. */
export function checkEntry(raw: unknown, steps: Path): { readonly entry: StrategyEntry | null; readonly problems: readonly Problem[] } {
  const given: unknown = typeof raw === 'string' ? { id: raw } : raw
  if (!isRecord(given)) {
    return {
      entry: null,
      problems: [
        problem('wrong-type', steps, `expected the id of a strategy or an object with one, found ${describe(raw)}`, {
          found: describe(raw),
          expected: 'an id or { id, … }',
        }),
      ],
    }
  }
  const isShort = typeof raw === 'string'
  const head = common.safeParse(given)
  const problems = head.success ? [] : problemsOf(head.error.issues, given, steps, () => commonKeys)
  const strategy = typeof given.id === 'string' ? strategies.get(given.id) : undefined
  if (strategy === undefined) {
    if (typeof given.id === 'string') problems.push(unknownStrategy(given.id, isShort ? steps : [...steps, 'id']))
    return { entry: null, problems }
  }
  const { id: _id, name: _name, rounds: _rounds, ...own } = given
  const params = strategy.params.safeParse(own)
  if (!params.success)
    problems.push(
      ...problemsOf(params.error.issues, own, steps, (below) =>
        below.length === 0 ? [...commonKeys, ...parameterNames(strategy, own)] : [],
      ),
    )
  if (!head.success || !params.success || !isRecord(params.data)) return { entry: null, problems }
  const { name = strategy.id, rounds } = head.data
  return { entry: { id: strategy.id, name, ...(rounds === undefined ? {} : { rounds }), params: params.data }, problems }
}

export function unknownStrategy(id: string, steps: Path): Problem {
  const nearest = nearestName(id, strategies.keys())
  return problem('unknown-strategy', steps, `unknown strategy "${id}"${hint(nearest)}`, {
    found: id,
    expected: [...strategies.keys()].join(' · '),
    nearest,
  })
}

/** Where an entry of the study stands in it: among its strategies, or else its shadows. */
export function entryPath(study: Pick<Study, 'strategies' | 'shadow'>, { name }: Pick<StrategyEntry, 'name'>): string {
  const list = study.strategies.some((entry) => entry.name === name) ? 'strategies' : 'shadow'
  return `${list}[${study[list].findIndex((entry) => entry.name === name)}]`
}
