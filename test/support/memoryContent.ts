import type { RemovedThing, StorageItem } from '@contract/storage'
import type { DatasetInfo, DoctorReport, Licence, RecipeInfo } from '@contract/types'

/** What the lab in memory holds: two studies, the data library, recipes. */

export const sampleStudy = `# Four strategies on handwritten digits
study: sample
dataset: digits
data: { test: 500 }
model: { type: mlp, hidden: [64] }
training: { learningRate: 0.003, batchSize: 32, epochs: 30, minSteps: 500 }
protocol: { seeds: 10, initial: 20, initialSampling: stratified, query: 20, rounds: 10 }
strategies:
  - random
  - entropy
  - margin
  - badge
stats: { baseline: random }
`

export const ablationStudy = `# Does the gradient norm add anything to entropy?
study: gradient-norm-vs-entropy
dataset: digits
data: { test: 500 }
model: { type: mlp, hidden: [128] }
training: { learningRate: 0.003, batchSize: 32, epochs: 30, minSteps: 1000 }
protocol:
  seeds: 6             # six pairs give a p-value
  initial: 20          # two per class
  initialSampling: random
  query: 20
  rounds: 8
strategies:
  - random
  - badge
  - { id: acquisition, name: acq, score: entropy-gradnorm, batch: topk }
ablate:
  training.weightStart: [reinit-fresh, carry]   # cold, warm
  strategies.acq.score: [entropy-gradnorm, entropy]
stats: { baseline: random }
`

/** Methods of every kind, with the fields that depend on each other. */
export const methodsStudy = `study: methods
dataset: digits
data: { test: 500 }
model: { type: cnn, dropout: 0.2 }
protocol: { seeds: 10, initial: 50, query: 20, rounds: 8, validation: 100 }
strategies:
  - random
  - { id: lplgrad, lambda: 1 }
  - { id: less, target: { classes: [3, 5] } }
  - { id: schedule, phases: [alignment@0, entropy@4], target: pool-pseudo }
  - { id: typiclust, name: typical }
shadow: [entropy]
ablate:
  strategies.lplgrad.lambda: [0, 1]
`

/** 1,000 runs: 5 strategies in 20 cells with 10 seeds. */
export const thousandStudy = `study: thousand
dataset: digits
data: { test: 500 }
model: { type: mlp, hidden: [64] }
protocol: { seeds: 10, initial: 50, query: 20, rounds: 8 }
strategies: [random, entropy, margin, badge, least-confidence]
ablate:
  training.weightStart: [reinit-fresh, carry]
  training.learningRate: [0.0003, 0.001, 0.003, 0.01, 0.03]
  protocol.initialSampling: [random, stratified]
stats: { baseline: random }
`

const set = (
  id: string,
  title: string,
  kind: DatasetInfo['kind'],
  rows: number,
  testRows: number,
  classes: number,
  shape: number[],
  bytes: number,
  source: string,
  licence: string,
  available = true,
): DatasetInfo => ({
  id,
  title,
  kind,
  rows,
  testRows,
  classes,
  shape,
  bytes,
  source,
  licence,
  sha256: available ? `4f7b893ea2e21da607f83a8d927eb20a7200a587c13f51ccf3aeac74e${String(rows).padStart(7, '0')}` : '',
  available,
})

export const libraryData: readonly DatasetInfo[] = [
  set(
    'digits',
    'Handwritten digits, 8×8 pixels',
    'image',
    1797,
    0,
    10,
    [1, 8, 8],
    122_196,
    'UCI Machine Learning Repository, optical recognition of handwritten digits',
    'CC BY 4.0',
  ),
  set(
    'fashion-mnist-6k',
    'Fashion-MNIST, first 6,000 + 2,000 images',
    'image',
    6000,
    2000,
    10,
    [1, 28, 28],
    6_304_000,
    'Zalando Research, Fashion-MNIST',
    'MIT',
  ),
  set(
    'letter',
    'Letter recognition, 16 features of printed capitals',
    'tabular',
    20_000,
    0,
    26,
    [16],
    400_000,
    'UCI Machine Learning Repository, letter recognition',
    'CC BY 4.0',
  ),
  set(
    'satellite',
    'Satellite images, 3×3 neighbourhoods in 4 bands',
    'tabular',
    6435,
    0,
    6,
    [36],
    257_400,
    'UCI Machine Learning Repository, Statlog (Landsat satellite)',
    'CC BY 4.0',
  ),
  set('wine', 'Wine, 13 chemical measurements', 'tabular', 178, 0, 3, [13], 19_224, 'UCI Machine Learning Repository, wine', 'CC BY 4.0'),
  set(
    'breast-cancer',
    'Breast cancer Wisconsin (diagnostic), 30 measurements of cell nuclei',
    'tabular',
    569,
    0,
    2,
    [30],
    140_832,
    'UCI Machine Learning Repository',
    'CC BY 4.0',
  ),
  set(
    'fashion-mnist',
    'Fashion-MNIST, 60,000 + 10,000 images',
    'image',
    60_000,
    10_000,
    10,
    [1, 28, 28],
    54_950_000,
    'Zalando Research, Fashion-MNIST',
    'MIT',
    false,
  ),
]

const recipe = (
  id: string,
  title: string,
  paper: string,
  question: string,
  expect: string,
  estimatedSeconds: number,
  yaml: string,
): { readonly info: RecipeInfo; readonly yaml: string } => ({
  info: {
    id,
    title,
    paper,
    question,
    look: 'Learning curves with 95 % bands, then the paired difference to random',
    expect,
    dataset: 'digits',
    estimatedSeconds,
  },
  yaml,
})

export const recipesForMemory = [
  recipe(
    'sample',
    'Four strategies on handwritten digits',
    'Ash et al., ICLR 2020',
    'What do uncertainty and diversity gain over labelling at random?',
    'Entropy falls behind at first and catches up; margin and BADGE lead random',
    45,
    sampleStudy,
  ),
  recipe(
    'gradient-norm-vs-entropy',
    'Does the gradient norm add anything to entropy?',
    'Wang et al., AAAI 2022',
    'Which part of the entropy-gradient norm does the work, with cold and with warm weights?',
    'Kinder than entropy while there are few labels; close to it later',
    190,
    ablationStudy,
  ),
  recipe(
    'entropy-alone',
    'Is entropy alone enough?',
    'Gashi et al. 2024',
    'How much of the gain does the simplest uncertainty score give?',
    'Worse than random with few labels, clearly better later',
    62,
    sampleStudy,
  ),
]

export const doctorReport: DoctorReport = {
  versions: { querent: '0.1.0', node: '20.20.2' },
  backends: [
    { id: 'onnx-native', usable: true, reason: '', device: 'CPU', threads: 1 },
    { id: 'onnx-wasm', usable: true, reason: 'bit-identical on every machine', device: 'WASM', threads: 1 },
    { id: 'tfjs', usable: false, reason: 'libtensorflow is not installed; installing it is up to you.', device: '', threads: 0 },
    { id: 'reference', usable: true, reason: 'slow: kept as the oracle', device: 'CPU', threads: 1 },
  ],
  electron: { installed: false, reason: 'its binary was not fetched yet; npm start does that' },
  display: { available: true, reason: '' },
  memory: { totalBytes: 8.2e9, freeBytes: 5.1e9 },
  workspace: { path: '/home/ada/Querent', writable: true, reason: '' },
}

export const storageItems: readonly StorageItem[] = [
  { id: 'results', items: 2, bytes: 38_000_000 },
  { id: 'datasets', items: 0, bytes: 0 },
  { id: 'features', items: 2, bytes: 61_000_000 },
  { id: 'models', items: 0, bytes: 0 },
  { id: 'maps', items: 6, bytes: 1_200_000 },
  { id: 'downloads', items: 1, bytes: 1_200_000_000 },
  { id: 'labelling', items: 0, bytes: 0 },
  { id: 'removed', items: 1, bytes: 4_100_000 },
  { id: 'removed-datasets', items: 0, bytes: 0 },
]

export const removedThing = (kind: RemovedThing['kind'], id: string, name: string): RemovedThing => ({
  kind,
  id,
  name,
  project: null,
  removedAt: '2026-11-22T09:00:00.000Z',
  bytes: 1000,
})

export const licences: readonly Licence[] = [
  { name: 'vue', version: '3.5.45', licence: 'MIT', text: 'Permission is hereby granted, free of charge, …' },
  { name: 'zod', version: '4.6.7', licence: 'MIT', text: '' },
]
