import { z } from '../core/zod'
import type { NetworkSpec } from '../study/spec'
import type { ProxyPlan, Strategy } from './contract'
import type { Find } from './parts'
import { baseParam, createProxyMethod } from './proxyParts'

const sizes = z.array(z.int().min(1).max(4096)).min(1).max(8)

const params = z.object({
  ...baseParam,
  proxy: z.enum(['target', 'linear', 'mlp', 'cnn', 'cnn1d']).default('target').meta({
    title: 'Proxy',
    description: "The network that chooses: the study's own, trained for less time, or a smaller one on the same inputs.",
  }),
  hidden: sizes.default([64]).meta({ title: 'Hidden units', description: 'Units of each hidden layer of the proxy; mlp only.' }),
  filters: sizes.default([8, 16]).meta({ title: 'Filters', description: 'Filters of each convolution of the proxy; cnn and cnn1d only.' }),
  learningRate: z
    .number()
    .gt(0)
    .max(1000)
    .nullable()
    .default(null)
    .meta({ title: 'Learning rate', description: "Of the proxy; none given: the study's." }),
  epochs: z.int().min(1).max(100_000).default(10).meta({ title: 'Epochs', description: 'Passes of the proxy over the labelled rows.' }),
  minSteps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(200)
    .meta({ title: 'Least steps', description: 'A training of the proxy lasts at least this many steps, whatever the epochs.' }),
})

type SvpParams = z.infer<typeof params>

function networkOf({ proxy, hidden, filters }: SvpParams): NetworkSpec | null {
  const rest = { dropout: 0, init: 'he-uniform' } as const
  switch (proxy) {
    case 'target':
      return null
    case 'linear':
      return { type: 'linear', init: rest.init }
    case 'mlp':
      return { type: 'mlp', hidden, ...rest }
    case 'cnn':
      return { type: 'cnn', filters, hidden: [], ...rest }
    case 'cnn1d':
      return { type: 'cnn1d', filters, kernel: 7, ...rest }
  }
}

const plan = (own: SvpParams): Omit<ProxyPlan, 'base'> => ({
  network: { on: 'inputs', model: networkOf(own) },
  training: { epochs: own.epochs, minSteps: own.minSteps, ...(own.learningRate === null ? {} : { learningRate: own.learningRate }) },
})

/** Selection via proxy: a smaller network, or the same one trained for less time (A§12.1). `find` gives the methods that may choose. */
export const createSvp = (find: Find): Strategy<SvpParams> =>
  createProxyMethod<SvpParams>(
    {
      id: 'svp',
      title: 'SVP',
      summary: 'Chooses by a smaller network, or one trained for less time; the model itself is trained only where it is evaluated.',
      sources: [
        {
          authors: 'Coleman, Yeh, Mussmann, Mirzasoleiman, Bailis, Liang, Leskovec, Zaharia',
          title: 'Selection via proxy: efficient data selection for deep learning',
          venue: 'ICLR',
          year: 2020,
          url: 'https://arxiv.org/abs/1906.11829',
        },
      ],
      params,
      plan,
      effective: (own) => ({ ...plan(own) }),
    },
    find,
  )
