import { badInput, nearestName, unsupported } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import type { MethodInputs } from './methodInputs'
import { paramsFrom } from './paramFlags'

/** Parameters of a method for these arrays: flags win over what the arrays suggest. */
export function paramsFor<P>(inputs: MethodInputs, params: z.ZodType<P>, options: Readonly<Record<string, unknown>>): P {
  const decided = decidedBy(inputs, params)
  const chosen = paramsFrom(params, options, decided)
  // Of a last layer without a bias there is nothing but the weight.
  const { network } = inputs.source
  const isWeightAlone = network !== undefined && !network.model.parameters.at(-1)?.name.endsWith('.bias')
  return isWeightAlone && lastLayer.safeParse(chosen).success ? paramsFrom(params, { ...options, layers: 'last-weight' }, decided) : chosen
}

const decidedBy = ({ source, clusters }: MethodInputs, params: z.ZodType): Readonly<Record<string, unknown>> => ({
  ...(source.sampledProbabilities && { passes: Math.max(source.sampledProbabilities.length, 2) }),
  // A clustering from elsewhere comes with the features it was made from.
  ...(clusters && { normalize: 'none' }),
  // Without a network only the last layer's gradient is known.
  ...(!source.network && allLayers.safeParse(params.safeParse({}).data).success && { layers: 'last' }),
})

const allLayers = z.looseObject({ layers: z.literal('all') })
const lastLayer = z.looseObject({ layers: z.literal('last') })

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
