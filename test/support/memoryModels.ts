import type { FeatureInfo } from '@contract/features'
import type { ModelInfo, Preparation } from '@contract/models'
import type { Handlers } from '@contract/rpc'
import { badInput } from '@engine/core/errors'
import { studyBackbones } from '@engine/study/backbones'
import { pretrainName } from '@engine/study/pretraining'
import type { Study } from '@engine/study/spec'
import { libraryData } from './memoryContent'

/** A proxy on features of a model that the study pre-trains itself. */
export const proxyStudy = `# Selection by a proxy on pre-trained features
study: proxies
dataset: { id: digits, classes: [5, 6, 7, 8, 9], name: high }
data: { test: 200 }
model:
  type: finetune
  backbone:
    pretrain:
      dataset: { id: digits, classes: [0, 1, 2, 3, 4], name: low }
      model: { type: mlp, hidden: [32] }
      epochs: 10
training: { learningRate: 0.001, batchSize: 32, epochs: 30, minSteps: 500 }
protocol: { seeds: 10, initial: 20, query: 20, rounds: 5, evaluateAt: [20, 60, 120] }
strategies:
  - random
  - { id: svpp, base: margin }
  - { id: asvp, method: ft }
stats: { baseline: random }
`

const model = (name: string, inputShape: number[], width: number, source: string, method: ModelInfo['method']): ModelInfo => ({
  name,
  sha256: name.padEnd(64, '0').replaceAll(/[^0-9a-f]/g, '1'),
  layers: ['dense', 'relu'],
  inputShape,
  width,
  parameters: 2080,
  bytes: 8320,
  source,
  method,
  accuracy: method === 'supervised' ? 0.981 : null,
})

const models: readonly ModelInfo[] = [
  model('mlp-low-digits', [1, 8, 8], 32, 'digits[0-4]', 'supervised'),
  model('mlp-digits-simclr', [1, 8, 8], 64, 'digits', 'simclr'),
  model('cnn-fashion', [1, 28, 28], 128, 'fashion-mnist-6k', 'supervised'),
]

const features: readonly FeatureInfo[] = [
  {
    key: 'd'.repeat(64),
    name: 'dinov2-small',
    dataset: 'digits',
    datasetSha256: libraryData[0].sha256,
    backboneSha256: null,
    rows: libraryData[0].rows,
    width: 384,
    forwardMs: 41_000,
    sha256: 'e'.repeat(64),
    bytes: 4 * 384 * libraryData[0].rows,
    source: 'dinov2-small of digits',
  },
]

/** The lists, until `gone` says that a thing was deleted. */
export const modelLists = (gone: (id: string) => boolean): Pick<Handlers, 'models.list' | 'models.import' | 'features.list'> => {
  const all = [...models]
  return {
    'models.list': () => all.filter(({ sha256 }) => !gone(sha256)),
    // Every file is a network of digits that needs a name.
    'models.import': ({ name }) => {
      if (name === undefined) throw badInput('weights.safetensors: no architecture file beside the weights', { path: 'model.backbone' })
      all.push(model(name, [1, 8, 8], 48, 'weights.safetensors', 'imported'))
      return { model: all[all.length - 1], known: false }
    },
    'features.list': () => features.filter(({ key }) => !gone(key)),
  }
}

const step = (what: string, unit: string, done: number, total: number): Preparation => ({
  what,
  detail: `${unit} ${done}/${total}`,
  fraction: done / total,
  etaMs: done === 0 ? null : 700 * (total - done),
})

/** What is made before the runs of a study, part by part. */
export function* preparationOf(study: Study): Generator<Preparation, void> {
  for (const ref of studyBackbones(study)) {
    if (typeof ref === 'string') continue
    const { epochs } = ref.pretrain
    for (let epoch = 0; epoch <= epochs; epoch++) yield step(`pre-training ${pretrainName(ref.pretrain)}`, 'epoch', epoch, epochs)
    yield step(`features of ${typeof study.datasets[0] === 'string' ? study.datasets[0] : (study.datasets[0].name ?? '')}`, 'row', 400, 896)
  }
}
