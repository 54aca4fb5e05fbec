import { badInput, nearestName } from '@engine/core/errors'
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

/** Refuses a method that does not exist, naming the nearest one. */
export function refuseMethod(id: string | undefined, known: readonly string[]): never {
  if (id === undefined) throw badInput('a method is needed', { expected: known.join(' · ') })
  throw badInput(`unknown method "${id}"`, { found: id, expected: known.join(' · '), nearest: nearestName(id, known) })
}
