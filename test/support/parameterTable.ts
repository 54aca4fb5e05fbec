import { z } from '@engine/core/zod'
import type { Strategy } from '@engine/strategies/contract'

interface Property {
  readonly description?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Property[]
  readonly const?: string | number
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: string | number | boolean
}

/** The parameter table of a method's page, as its schema has it; no table for a method without parameters. */
export function parameterTable(strategy: Strategy): string {
  const schema = z.toJSONSchema(strategy.params, { io: 'input' }) as { properties?: Record<string, Property>; required?: string[] }
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const preset = property.default === undefined ? (schema.required?.includes(name) ? 'required' : '–') : `\`${String(property.default)}\``
    return `| \`${name}\` | ${values(property)} | ${preset} | ${property.description} |`
  })
  return rows.length === 0 ? 'None.' : ['| name | values | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function values({ enum: options, anyOf, const: only, type, minimum, maximum }: Property): string {
  if (anyOf) return [...new Set(anyOf.flatMap((part) => values(part).split(' · ')))].join(' · ')
  if (only !== undefined) return `\`${only}\``
  if (options) return options.map((option) => `\`${option}\``).join(' · ')
  if (minimum === undefined) return String(type)
  return `${type} from ${minimum}${maximum === undefined ? '' : ` to ${maximum}`}`
}
