import { throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { FitOptions } from '../nn/model'
import type { Citation, ProxyPlan, Strategy } from './contract'
import { checkKeys, effectivePart, namesOf, partOf, partSchema, type Find, type Part, type PartEntry } from './parts'
import { noRows } from './query'

/** Who chooses; every proxy method has it. */
export const baseParam = {
  base: partSchema.default('margin').meta({
    title: 'Base method',
    description: 'The method that chooses, asked with the proxy as its model: an id, or an object with its parameters.',
  }),
}

/** Parameters of a proxy on features, apart from the base method's. */
export const featureProxyParams = z.object({
  ...baseParam,
  hidden: z
    .int()
    .min(1)
    .max(65_536)
    .nullable()
    .default(null)
    .meta({ title: 'Width', description: 'Units of the hidden layer of the proxy; none given: as many as there are features.' }),
  optimizer: z.enum(['adam', 'adamw', 'sgd']).default('adam').meta({
    title: 'Optimiser',
    description: "Of the proxy. sgd: with Nesterov's momentum of 0.9.",
  }),
  learningRate: z.number().gt(0).max(1000).default(0.001).meta({ title: 'Learning rate', description: 'Of the proxy.' }),
  weightDecay: z.number().min(0).max(1000).default(0).meta({ title: 'Weight decay', description: 'Of the proxy.' }),
  batchSize: z.int().min(2).max(65_536).default(128).meta({ title: 'Batch size', description: 'Labelled rows per step of the proxy.' }),
  epochs: z.int().min(1).max(100_000).default(50).meta({ title: 'Epochs', description: 'Passes of the proxy over the labelled rows.' }),
  minSteps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(200)
    .meta({ title: 'Least steps', description: 'A training of the proxy lasts at least this many steps, whatever the epochs.' }),
})

export type FeatureProxyParams = z.infer<typeof featureProxyParams>

type Given = Readonly<Record<string, unknown>>

/** Network and training of a proxy on features (A§12.2). */
export const featureProxy = (params: Omit<FeatureProxyParams, 'base'>): Pick<ProxyPlan, 'network' | 'training'> => ({
  network: { on: 'features', hidden: params.hidden },
  training: {
    optimizer: params.optimizer,
    learningRate: params.learningRate,
    milestones: [],
    decay: 1,
    momentum: 0.9,
    nesterov: true,
    weightDecay: params.weightDecay,
    batchSize: params.batchSize,
    epochs: params.epochs,
    minSteps: params.minSteps,
    augment: 'none',
  },
})

interface ProxyMethod<P> {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly sources: readonly Citation[]
  /** own parameters, `base` among them */
  readonly params: z.ZodObject
  plan(params: P): Omit<ProxyPlan, 'base'>
  /** own parameters that can change the result, without `base` */
  effective(params: P): Given
}

/** A method that lets a base method choose by a proxy. Asked outside a run, it passes the question on: the model is then the proxy. */
export function createProxyMethod<P extends { readonly base: PartEntry }>(
  { id, title, summary, sources, params: own, plan, effective }: ProxyMethod<P>,
  find: Find,
): Strategy<P> {
  const names = Object.keys(own.shape)
  const sharedOf = (params: Given): Given => Object.fromEntries(Object.entries(params).filter(([key]) => !names.includes(key)))
  const partIn = (params: P, refine?: z.core.$RefinementCtx): Part | null =>
    partOf(params.base, sharedOf(params), find, ['base'], refine, () => true)
  const base = (params: P): Part => partIn(params)!

  return {
    id,
    title,
    summary,
    sources,
    params: own.loose().superRefine((params, refine) => {
      const part = partIn(params as P, refine)
      if (part !== null) checkKeys(sharedOf(params), [part], refine)
    }) as unknown as z.ZodType<P>,
    needs: (params) => base(params).strategy.needs(base(params).params),
    reads: (params) => base(params).strategy.reads?.(base(params).params) ?? [],
    targetClasses: (params) => base(params).strategy.targetClasses?.(base(params).params) ?? [],
    remembers: (params) => base(params).strategy.remembers?.(base(params).params) === true,
    inner: ({ base: given = 'margin' }) => {
      const parsed = partSchema.safeParse(given)
      return parsed.success ? namesOf([parsed.data], find).filter((name) => !names.includes(name)) : []
    },
    effective: (params) => ({ base: effectivePart(base(params)), ...effective(params) }),
    proxy: (params) => ({ base: { id: base(params).strategy.id, params: base(params).params as Given }, ...plan(params) }),
    modelFree: false,
    async select(query, params) {
      throwIfCancelled(query.signal)
      if (query.pool.length === 0) return noRows
      const { strategy, params: given } = base(params)
      return strategy.select(query, given)
    },
  }
}

/** What of a training counts, by its optimiser. */
export const effectiveTraining = ({
  momentum,
  nesterov,
  milestones: _milestones,
  decay: _decay,
  ...training
}: Partial<FitOptions>): Given => (training.optimizer === 'sgd' ? { ...training, momentum, nesterov } : training)
