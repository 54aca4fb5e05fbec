import { z } from '../core/zod'
import { logMeVariants } from '../metrics/logme'
import type { FeatureAlignment, Strategy } from './contract'
import type { Find } from './parts'
import { createProxyMethod, effectiveTraining, featureProxy, featureProxyParams } from './proxyParts'

const params = featureProxyParams.extend({
  tau: z
    .union([z.number(), z.enum(['inf', '-inf'])], 'a number, inf or -inf')
    .default(0.03)
    .meta({
      title: 'τ',
      description:
        'Features are renewed where those of the fine-tuned model score higher by more than this; inf: never, -inf: at the first check.',
    }),
  checks: z
    .union([z.enum(['doublings', 'every']), z.array(z.int().min(1)).min(1).max(100)], 'doublings, every, or numbers of labels')
    .default('doublings')
    .meta({
      title: 'Checks',
      description:
        'Rounds that fine-tune to compare features: where the labels have doubled since the start or the last check, every one, or at numbers of labels.',
    }),
  updates: z.int().min(0).max(100).default(1).meta({ title: 'Updates', description: 'Most times that features are renewed.' }),
  scoreOn: z.enum(['prequential', 'heldout', 'train']).default('prequential').meta({
    title: 'Score on',
    description:
      'Rows that features are compared on: the newest batch before it is trained on, the other half of the labels, or the samples trained on (which always favours fine-tuned features).',
  }),
  score: z.enum(['logme-ped', 'logme']).default('logme-ped').meta({
    title: 'Score',
    description: 'How well features fit labels: LogME, after or without potential energy decline.',
  }),
  variant: z.enum(logMeVariants).default('exact').meta({
    title: 'LogME',
    description: 'The evidence itself, or what the public code computes where there are fewer rows than features.',
  }),
  method: z.enum(['ft', 'lp-ft', 'switch']).default('switch').meta({
    title: 'Training method',
    description: 'Fine-tuning of everything, of the head first, or head first until the switch.',
  }),
  switchBy: z.enum(['score', 'region']).default('score').meta({
    title: 'Switch by',
    description:
      'score: full fine-tuning once a check was above τ; region: head first while the proxy is right where the fine-tuned model is wrong more often than the other way round.',
  }),
})

type AsvpParams = z.infer<typeof params>

const limits: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity }

function alignmentOf({ tau, checks, updates, scoreOn, score, variant, method, switchBy }: AsvpParams): FeatureAlignment {
  return { tau: typeof tau === 'number' ? tau : limits[tau], checks, updates, scoreOn, score, variant, method, switchBy }
}

/** The alignment as far as it can change a result: without a check, only the training method. */
function effectiveAlignment(own: AsvpParams): Readonly<Record<string, unknown>> {
  const { tau, checks, updates, scoreOn, score, variant, method, switchBy } = own
  if (method === 'switch' && switchBy === 'region') return { tau, checks, updates, scoreOn, score, variant, method, switchBy }
  if (tau === 'inf') return { method: method === 'ft' ? 'ft' : 'lp-ft' }
  if (updates === 0 && method !== 'switch') return { method }
  return { tau, checks, updates, scoreOn, score, variant, method }
}

/** Aligned selection via proxy (A§12.5). `find` gives the methods that may choose. */
export const createAsvp = (find: Find): Strategy<AsvpParams> =>
  createProxyMethod<AsvpParams>(
    {
      id: 'asvp',
      title: 'ASVP',
      summary: 'SVPp that renews its features once those of the fine-tuned model fit the labels better, and chooses how to fine-tune.',
      sources: [
        {
          authors: 'Wen, Pizarro, Williams',
          title: 'Feature alignment: rethinking efficient active learning via proxy in the context of pre-trained models',
          venue: 'TMLR',
          year: 2024,
          url: 'https://arxiv.org/abs/2403.01101',
        },
        {
          authors: 'Li, Hu, Ge, Shan, Duan',
          title: 'Exploring model transferability through the lens of potential energy',
          venue: 'ICCV',
          year: 2023,
          url: 'https://arxiv.org/abs/2308.15074',
        },
      ],
      params,
      plan: (own) => ({ ...featureProxy(own), alignment: alignmentOf(own) }),
      effective: (own) => {
        const { network, training } = featureProxy(own)
        return { network, training: effectiveTraining(training), alignment: effectiveAlignment(own) }
      },
    },
    find,
  )
