import { InvalidArgumentError, Option, type Command } from 'commander'
import { QuerentError } from '@engine/core/errors'
import { z } from '@engine/core/zod'

interface Property {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly description?: string
}

/** The parameters that a schema names, as JSON Schema. */
function propertiesOf(schema: z.ZodType): Readonly<Record<string, Property>> {
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, Property> }
  return properties ?? {}
}

const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Adds one option per parameter of a method: `normMode` becomes `--norm-mode`. */
export function addParamOptions(command: Command, schema: z.ZodType): void {
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const choices = property.enum?.join('|')
    const value = choices ?? property.type ?? 'value'
    // A switch alone means true.
    const option = new Option(`--${flagOf(name)} ${property.type === 'boolean' ? '[true|false]' : `<${value}>`}`, describe(property))
    command.addOption(option.argParser((text: string) => valueOf(text, property)))
  }
}

const describe = ({ description = '', default: byDefault }: Property): string =>
  byDefault === undefined ? description : `${description} (default: ${JSON.stringify(byDefault)})`

function valueOf(text: string, { type, enum: choices }: Property): unknown {
  if (choices !== undefined && !choices.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('true or false is needed.')
    return text === 'true'
  }
  // A parameter of several types takes what reads as a number for one.
  if (type === undefined && /^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (type !== 'number' && type !== 'integer') return text
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw new InvalidArgumentError('a number is needed.')
  return Number(text)
}

/** Validated parameters from the options of a command line and values that the arrays decide. */
export function paramsFrom<P>(
  schema: z.ZodType<P>,
  options: Readonly<Record<string, unknown>>,
  decided: Readonly<Record<string, unknown>> = {},
): P {
  const given = Object.keys(propertiesOf(schema))
    .filter((name) => options[name] !== undefined)
    .map((name) => [name, options[name]] as const)
  const known = Object.entries(decided).filter(([name]) => name in propertiesOf(schema))
  const parsed = schema.safeParse({ ...Object.fromEntries(known), ...Object.fromEntries(given) })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new QuerentError('bad-usage', `--${flagOf(String(issue.path[0] ?? ''))}: ${issue.message}`, {
    path: `--${flagOf(String(issue.path[0] ?? ''))}`,
  })
}
