import type { Strategy } from './contract'
import type { Find } from './parts'
import { createProxyMethod, effectiveTraining, featureProxy, featureProxyParams, type FeatureProxyParams } from './proxyParts'

/** Selection via proxy on pre-trained features (A§12.2). `find` gives the methods that may choose. */
export const createSvpp = (find: Find): Strategy<FeatureProxyParams> =>
  createProxyMethod<FeatureProxyParams>(
    {
      id: 'svpp',
      title: 'SVPp',
      summary: 'Chooses by a small network on features that are made once; the model itself is trained only where it is evaluated.',
      sources: [
        {
          authors: 'Wen, Pizarro, Williams',
          title: 'Feature alignment: rethinking efficient active learning via proxy in the context of pre-trained models',
          venue: 'TMLR',
          year: 2024,
          url: 'https://arxiv.org/abs/2403.01101',
        },
      ],
      params: featureProxyParams,
      plan: featureProxy,
      effective: (own) => {
        const { network, training } = featureProxy(own)
        return { network, training: effectiveTraining(training) }
      },
    },
    find,
  )
