import { z } from '../core/zod'
import { labelsWanted } from '../data/readArray'
import { backendIds } from '../nn/executor'
import { isRecord, type Path } from './paths'

/** The fields of the study file, section by section, with their defaults. Strategy entries are checked in `entries.ts`. */

export const metricIds = ['accuracy', 'nll', 'macro_f1', 'ece', 'brier'] as const

const count = (least: number, most = 10_000_000) => z.int().min(least).max(most)
const fraction = z.number().min(0).lt(1)
const path = z.string().min(1).max(4096)
const init = z.enum(['he-uniform', 'torch-default', 'glorot-uniform']).default('he-uniform').describe('distribution of fresh weights')
const dropout = fraction.default(0).describe('share of hidden values dropped while training')
const filters = z.array(count(1, 4096)).min(1).max(8)
const units = z.array(count(1, 65_536)).max(32)

/** A name that is also a folder: no separators, no control characters, not hidden. */
export const studyName = z
  .string()
  .max(120)
  .regex(
    /^[^\s./\\:*?"<>|\p{Cc}]([^/\\:*?"<>|\p{Cc}]*[^\s./\\:*?"<>|\p{Cc}])?$/u,
    'a name that can be a folder: no / \\ : * ? " < > |, no dot or space at its ends',
  )
  .describe('name of the study and of its result folder')

export const entryName = z
  .string()
  .max(100)
  .regex(/^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u, 'a name without control characters and without spaces at its ends')

export const datasetRef = z.union(
  [
    path,
    z.strictObject({ inputs: path, labels: path, testInputs: path.optional(), testLabels: path.optional(), name: entryName.optional() }),
    z.strictObject({
      id: path,
      classes: z
        .array(z.union([z.int().min(0), z.string().min(1).max(1000)]))
        .min(2)
        .max(10_000)
        .describe('positions or names of the classes whose rows are taken; they become classes 0, 1, …'),
      name: entryName.optional(),
    }),
  ],
  { error: ({ input }) => datasetWanted(input) ?? 'a library id, a path, { inputs, labels, testInputs, testLabels }, or { id, classes }' },
)

/** Inputs alone are a pool to be labelled, which other commands take. */
function datasetWanted(found: unknown): string | undefined {
  const bare = [found].flat().find((ref) => isRecord(ref) && typeof ref.inputs === 'string' && ref.labels === undefined)
  return isRecord(bare) ? `labels too: ${labelsWanted(String(bare.inputs))}` : undefined
}

export const datasetField = z
  .union([datasetRef, z.array(datasetRef).min(1).max(100)], {
    error: ({ input }) =>
      datasetWanted(input) ?? 'a library id, a path, { inputs, labels, testInputs, testLabels }, { id, classes }, or a list of these',
  })
  .describe('data set, or a list of data sets')

export const dataSection = z.strictObject({
  test: z
    .union([z.literal('provided'), z.number().gt(0).lt(1), count(1)], 'provided, a fraction between 0 and 1, or a number of rows')
    .default('provided')
    .describe('test rows: the test array of the data set, or a fraction or number of rows held out of the training array'),
  scaling: z
    .enum(['auto', 'none', 'unit', 'standardize'])
    .default('auto')
    .describe('auto: images to [0, 1], texts weighted by rarity, everything else standardised on the pool'),
  split: path.nullable().default(null).describe('file with train, validation and test rows'),
  features: path
    .nullable()
    .default(null)
    .describe(
      'features of the training rows, made elsewhere: a file (.npy, .npz#key, .safetensors#key, .parquet), or a name in the feature store',
    ),
})

/** Networks with hidden layers. */
const hiddenModels = [
  z.strictObject({ type: z.literal('mlp'), hidden: units.min(1).default([128]).describe('units of each hidden layer'), dropout, init }),
  z.strictObject({
    type: z.literal('cnn'),
    filters: filters.default([16, 32]).describe('filters of each convolution; each is followed by pooling'),
    hidden: units.default([]).describe('units of the dense layers before the last'),
    dropout,
    init,
  }),
  z.strictObject({
    type: z.literal('resnet'),
    widths: filters.default([8, 16, 32]).describe('channels of each stage; every stage but the first halves the image'),
    blocks: count(1, 64).default(1).describe('residual blocks of each stage'),
    dropout,
    init,
  }),
  z.strictObject({
    type: z.literal('cnn1d'),
    filters: filters.default([16, 32, 32]).describe('filters of each convolution over the series'),
    kernel: count(1, 1024).default(7).describe('steps that a filter sees; odd'),
    dropout,
    init,
  }),
  z.strictObject({
    type: z.literal('vit'),
    patch: count(1, 1024).default(4).describe('side of a patch in pixels; a divisor of height and width'),
    width: count(1, 4096).default(64).describe('numbers per token; a multiple of heads'),
    depth: count(1, 64).default(2).describe('transformer blocks'),
    heads: count(1, 64).default(4).describe('attention heads'),
    dropout,
    init,
  }),
] as const

export const pretrainSection = z.strictObject({
  dataset: datasetRef.describe('source data set; its samples have the shape of those of the study'),
  method: z
    .enum(['supervised', 'simclr'])
    .default('supervised')
    .describe('supervised: by the labels of the source; simclr: by telling views of one sample from those of others, without labels'),
  model: z.discriminatedUnion('type', hiddenModels).describe('network; its last layer is left out afterwards'),
  optimizer: z.enum(['sgd', 'adam', 'adamw']).default('adam').describe('rule that turns gradients into steps'),
  learningRate: z.number().gt(0).max(1000).default(0.001).describe('size of a step'),
  weightDecay: z.number().min(0).max(1000).default(0).describe('pull of the weights towards 0'),
  batchSize: count(2, 65_536).default(64).describe('rows per optimiser step; with simclr two views of each'),
  epochs: count(1, 100_000).default(20).describe('passes over the training rows of the source'),
  augment: z.enum(['none', 'flip-crop']).default('none').describe('flips and shifted crops, supervised; simclr has views of its own'),
  temperature: z.number().gt(0).max(100).default(0.5).describe('simclr: divisor of similarities'),
  seed: z.int().min(0).default(0).describe('seed of the pre-training'),
})

export const modelSection = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('linear'), init }),
    ...hiddenModels,
    z.strictObject({
      type: z.literal('finetune'),
      backbone: z
        .union(
          [path, z.strictObject({ pretrain: pretrainSection })],
          'a name in the model library, a weights file, or { pretrain: { dataset, model, … } }',
        )
        .describe(
          'pre-trained network below a fresh last layer: a name in the model library, a .safetensors or model.json file, or { pretrain: … }',
        ),
      tuning: z
        .enum(['ft', 'lp-ft'])
        .default('ft')
        .describe('ft: everything at once; lp-ft: the last layer alone on frozen features first, then everything'),
      headEpochs: count(1, 100_000).default(50).describe('lp-ft: passes of the last layer alone; more where minSteps asks for them'),
      headLearningRate: z.number().gt(0).max(1000).default(0.01).describe('of the last layer; training.learningRate is that of the rest'),
      dropout,
      init,
    }),
  ])
  .describe('network')

export const trainingSection = z.strictObject({
  optimizer: z.enum(['sgd', 'adam', 'adamw']).default('adam').describe('rule that turns gradients into steps'),
  learningRate: z.number().gt(0).max(1000).default(0.001).describe('size of a step'),
  milestones: z
    .array(z.number().gt(0).lt(1))
    .max(20)
    .default([])
    .describe('fractions of the training at which the learning rate is multiplied by decay'),
  decay: z.number().gt(0).max(1).default(0.1).describe('factor of the learning rate at each milestone'),
  momentum: fraction.default(0).describe('share of the last step that goes on; sgd only'),
  nesterov: z.boolean().default(false).describe('looks ahead along the momentum; sgd only'),
  weightDecay: z.number().min(0).max(1000).default(0).describe('pull of the weights towards 0'),
  batchSize: count(1, 65_536).default(64).describe('rows per optimiser step'),
  epochs: count(1, 100_000).default(30).describe('passes over the labelled rows; more where minSteps asks for them'),
  minSteps: count(0).default(1000).describe('a fit lasts at least this many optimiser steps, whatever the epochs'),
  augment: z.enum(['none', 'flip-crop']).default('none').describe('flips and shifted crops while training; images only'),
  weightStart: z
    .enum(['reinit-fresh', 'reinit-same', 'carry', 'shrink-perturb', 'pretrained'])
    .default('reinit-fresh')
    .describe(
      'weights each round starts from: fresh, the same initial ones, those of the round before, or these shrunk and perturbed; pretrained, the default of finetune: those of the backbone',
    ),
  shrink: z.number().min(0).max(1).default(0.5).describe('shrink-perturb: factor of the carried weights'),
  perturb: z.number().min(0).max(1).default(0.1).describe('shrink-perturb: factor of the fresh weights added'),
})

export const varyNames = ['split', 'initial', 'weights', 'order'] as const

export const protocolSection = z.strictObject({
  seed: z.int().min(0).default(0).describe('study seed'),
  seeds: count(1, 10_000).default(10).describe('repeats'),
  vary: z
    .array(z.enum(varyNames))
    .max(4)
    .refine(isSet, 'each name once')
    .default(['initial', 'weights', 'order'])
    .describe('what differs between repeats'),
  dataStart: z.enum(['seeded', 'empty']).default('seeded').describe('start with labels, or with none'),
  initial: count(1).default(50).describe('labels to start with'),
  initialSampling: z
    .enum(['random', 'stratified', 'file'])
    .default('random')
    .describe('how the initial labels are drawn: at random, the same number per class, or as a file lists them'),
  initialRows: path.nullable().default(null).describe('file with the initial rows'),
  firstBatch: z.string().min(1).max(100).default('strategy').describe('empty start: who chooses the first batch'),
  query: count(1).default(50).describe('labels bought per round'),
  rounds: count(0, 100_000).default(8).describe('queries per run'),
  subPool: count(1).nullable().default(null).describe('score only a random subset of the pool'),
  validation: count(0).default(0).describe('rows taken from the pool and charged to every strategy alike'),
  evaluateAt: z
    .array(count(0))
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('numbers of labels at which models are evaluated, and in the last round; null: in every round'),
})

export const metricsField = z
  .array(z.enum(metricIds))
  .min(1)
  .max(metricIds.length)
  .refine(isSet, 'each metric once')
  .describe('what is measured on the test rows')

export const statsSection = z.strictObject({
  baseline: z.string().min(1).max(100).optional().describe('strategy that others are compared with; random, or else the first'),
  metric: z.enum(metricIds).optional().describe('what curves, areas and tests are about; accuracy, or else the first that is measured'),
  primary: z
    .enum(['aubc', 'final'])
    .default('aubc')
    .describe('number that is tested: area under the budget curve, or the value at the last budget'),
  family: z.enum(['vs-baseline', 'all-pairs']).default('vs-baseline').describe('comparisons that are corrected together'),
  test: z
    .enum(['paired-sign-flip', 'paired-t', 'wilcoxon'])
    .default('paired-sign-flip')
    .describe('test of the differences, paired by seed'),
  correction: z.enum(['holm', 'none']).default('holm').describe('for many comparisons at once'),
  band: z.enum(['t95', 'bootstrap']).default('t95').describe('95 % interval around the mean over seeds'),
  rope: z.number().min(0).max(1).default(0.005).describe('differences smaller than this count as equal'),
  target: z.number().nullable().default(null).describe('metric value for labels_to_target'),
  windows: z
    .tuple([fraction, z.number().gt(0).lt(1), z.number().gt(0).max(1)])
    .refine(([a, b, c]) => a < b && b < c, 'three rising fractions')
    .default([0, 0.25, 1])
    .describe('start, early|late boundary and end, as fractions of the budget'),
})

export const runSection = z.strictObject({
  backend: z
    .enum(['auto', ...backendIds])
    .default('auto')
    .describe('what trains and scores; auto: the fastest that works here'),
  jobs: z
    .union([z.literal('auto'), count(1, 256)], 'auto or a number')
    .default('auto')
    .describe('processes at a time'),
  keep: z.enum(['nothing', 'scores', 'embeddings', 'weights']).default('scores').describe('arrays kept in the run folders'),
})

export const sections = {
  data: dataSection,
  model: modelSection,
  training: trainingSection,
  protocol: protocolSection,
  stats: statsSection,
  run: runSection,
} as const

/** Keys of the file, in the order it is written in. */
export const studyKeys = [
  'study',
  'dataset',
  'data',
  'model',
  'training',
  'protocol',
  'strategies',
  'shadow',
  'ablate',
  'metrics',
  'stats',
  'run',
] as const

/** Keys a section knows; for the model those of its type, or of all types when the type is not known. */
export function keysOf(section: keyof typeof sections, modelType?: unknown): string[] {
  if (section !== 'model') return Object.keys(sections[section].shape)
  const matching = modelSection.options.filter((option) => option.shape.type.value === modelType)
  return [...new Set((matching.length > 0 ? matching : modelSection.options).flatMap((option) => Object.keys(option.shape)))]
}

/** Keys of the object `below` the model that a file gives: its own, or those inside `backbone.pretrain`. */
export function modelKeys(given: unknown, below: Path): string[] {
  const inside = below.reduce<unknown>((value, step) => (isRecord(value) ? value[step] : undefined), given)
  const type = isRecord(inside) ? inside.type : undefined
  if (below.join('.') === 'backbone') return ['pretrain']
  if (below.join('.') === 'backbone.pretrain') return Object.keys(pretrainSection.shape)
  return keysOf('model', type)
}

function isSet(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}
