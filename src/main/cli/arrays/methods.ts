import { badInput, nearestName, unsupported } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import type { MethodInputs } from './methodInputs'

/** Parameters of a method as the arrays suggest them; flags win. */
export const decidedBy = ({ source, clusters }: MethodInputs, params: z.ZodType): Readonly<Record<string, unknown>> => ({
  ...(source.sampledProbabilities && { passes: Math.max(source.sampledProbabilities.length, 2) }),
  // A clustering from elsewhere comes with the features it was made from.
  ...(clusters && { normalize: 'none' }),
  // Without a network only the last layer's gradient is known.
  ...(!source.network && allLayers.safeParse(params.safeParse({}).data).success && { layers: 'last' }),
})

const allLayers = z.looseObject({ layers: z.literal('all') })

/** Methods that arrays cannot stand in for, and why. */
export const runOnly: ReadonlyMap<string, string> = new Map([
  ['full-data', 'trains on every row of the pool and chooses none'],
  ['replay', 'repeats the rounds of a recorded run'],
  ['external', 'is answered by a program that a study starts'],
  ['learning-loss', 'asks a module that is trained along with the network'],
])

/** Refuses a method that does not exist, naming the nearest one, or that needs a run, with the reason. */
export function refuseMethod(id: string | undefined, known: readonly string[]): never {
  if (id === undefined) throw badInput('a method is needed', { expected: known.join(' · ') })
  const reason = runOnly.get(id)
  if (reason !== undefined) throw unsupported(`${id} ${reason}: it needs a study`, { found: id, expected: 'querent run' })
  throw badInput(`unknown method "${id}"`, { found: id, expected: known.join(' · '), nearest: nearestName(id, known) })
}
