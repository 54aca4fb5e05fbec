import { canonicalJson } from '../core/hash'
import type { FieldSchema } from './catalog'
import { variantsOf } from './expand'
import { setFactor } from './factors'
import { isRecord, splitStrategyPath } from './paths'
import { relevantParts } from './runHash'
import type { FactorValue, StrategyEntry, Study } from './spec'

/** A field that changes no run as the study stands, and a field beside it that would let it count. */
export interface IdleField {
  readonly needs: { readonly name: string; readonly level: FactorValue } | null
}

/** Combinations of levels above which nothing is claimed: looking at all of them would keep a person waiting. */
const mostCells = 32
/** Reads the model and the pool, so that every field of the study can matter to it. */
const witness: StrategyEntry = { id: 'entropy', name: 'entropy', params: {} }

/**
 * Whether a field, named like a factor, is without effect: no other value that its schema allows makes another run, at any level
 * of the factors beside it. `beside` are the fields of the same section or strategy by name, among them the field itself.
 */
export function idleField(study: Study, factor: string, beside: Readonly<Record<string, FieldSchema>>): IdleField | null {
  if (factor in study.ablate) return null
  const own = splitStrategyPath(
    factor,
    study.strategies.map(({ name }) => name),
  )
  const [section, field] = factor.split('.')
  const name = own?.field ?? field
  const prefix = own ? `strategies.${own.name}.` : `${section}.`
  const narrow = narrowed(study, prefix, own?.name)
  const cells = Object.values(narrow.ablate).reduce((product, levels) => product * levels.length, 1)
  if (cells > mostCells || !(name in beside) || !isIdle(narrow, factor, name, beside[name])) return null

  const choices = (schema: FieldSchema): number => (alternatives(schema, undefined).some((value) => typeof value === 'string') ? 0 : 1)
  const others = Object.entries(beside).filter(([other]) => other !== name && !(`${prefix}${other}` in narrow.ablate))
  for (const [other, schema] of others.sort(([, a], [, b]) => choices(a) - choices(b))) {
    for (const level of alternatives(schema, valueOf(narrow, prefix, other))) {
      const next = setFactor(narrow, `${prefix}${other}`, level)
      if (next.problems.length === 0 && !isIdle(next.study, factor, name, beside[name])) return { needs: { name: other, level } }
    }
  }
  return { needs: null }
}

/** The study with the one strategy that is looked at, and the factors beside the field. */
function narrowed(study: Study, prefix: string, strategy: string | undefined): Study {
  const ablate = Object.fromEntries(Object.entries(study.ablate).filter(([path]) => path.startsWith(prefix)))
  const entries = strategy === undefined ? [witness] : study.strategies.filter(({ name }) => name === strategy)
  return { ...study, ablate, strategies: entries, shadow: [] }
}

const runsOf = (study: Study): string => canonicalJson(variantsOf(study).map(({ plan }) => relevantParts(plan)))

function isIdle(study: Study, factor: string, name: string, schema: FieldSchema): boolean {
  const before = runsOf(study)
  const prefix = factor.slice(0, -name.length)
  const current = valueOf(study, prefix, name)
  const possible = alternatives(schema, current)
    .filter((level) => canonicalJson(level) !== canonicalJson(current ?? null))
    .flatMap((level) => {
      const { study: next, problems } = setFactor(study, factor, level)
      return problems.length > 0 ? [] : [next]
    })
  return possible.length > 0 && possible.every((next) => runsOf(next) === before)
}

function valueOf(study: Study, prefix: string, name: string): unknown {
  if (prefix.startsWith('strategies.')) return study.strategies[0]?.params[name]
  return (study as unknown as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[prefix.slice(0, -1)]?.[name]
}

/** Other values that a field may have: every choice, and a few numbers around the present one. */
function alternatives(schema: FieldSchema, current: unknown): FactorValue[] {
  const parts = [schema.anyOf, schema.oneOf].flatMap((list): FieldSchema[] => (Array.isArray(list) ? list.filter(isRecord) : []))
  if (parts.length > 0) return parts.flatMap((part) => alternatives(part, current))
  if (Array.isArray(schema.enum)) return schema.enum as FactorValue[]
  if ('const' in schema) return [schema.const as FactorValue]
  switch (schema.type) {
    case 'boolean':
      return [current !== true]
    case 'integer':
    case 'number': {
      const now = typeof current === 'number' ? current : 1
      return [2 * now, now / 2, now + 1, 0.5]
    }
    case 'array':
      return [[0.5], [2, 3]]
    case 'string':
      return ['random', 'margin']
    case 'null':
      return [null]
    default:
      return []
  }
}
