import type { DatasetInfo } from '@contract/types'
import { fallbackTestFraction } from '@engine/study/partition'
import type { BackboneRef, DatasetRef, NetworkSpec, Study } from '@engine/study/spec'
import { datasetName } from '@engine/study/consistency'
import { metricInfo } from '@engine/analysis/metricInfo'
import { plural } from '@/composables/format'
import type { SectionName } from './useStudySchema'

type Library = readonly Pick<DatasetInfo, 'id' | 'testRows'>[]

/** Closed sections read as one sentence; `library` is what is known of data sets. */
export const summaries: Readonly<Record<SectionName | 'strategies' | 'ablate', (study: Study, library: Library) => string>> = {
  data: ({ datasets, data }, library) =>
    [
      datasets.map(datasetName).join(', '),
      data.split !== null ? 'rows as in the split file' : testText(data.test, datasets, library),
      `scaling ${data.scaling}`,
    ].join(' · '),
  model: ({ model }) => {
    return [
      model.type === 'finetune'
        ? `${model.tuning} of ${backboneName(model.backbone)}`
        : `${model.type} ${layerWidths(model).join('–')}`.trimEnd(),
      'dropout' in model && model.dropout > 0 ? `dropout ${model.dropout}` : '',
      model.init,
    ]
      .filter(Boolean)
      .join(' · ')
  },
  training: ({ training }) =>
    [
      `${training.optimizer} ${training.learningRate}`,
      `batch ${training.batchSize}`,
      plural(training.epochs, 'epoch'),
      training.minSteps > 0 ? `at least ${training.minSteps} steps` : '',
      training.weightDecay > 0 ? `weight decay ${training.weightDecay}` : '',
    ]
      .filter(Boolean)
      .join(' · '),
  protocol: ({ protocol }) =>
    [
      plural(protocol.seeds, 'seed'),
      protocol.dataStart === 'empty' ? 'empty start' : `${protocol.initial} initial labels`,
      `${protocol.query} per round, ${plural(protocol.rounds, 'round')}`,
    ].join(' · '),
  strategies: ({ strategies, ablate }) => {
    const varied = strategies.filter(({ name }) => Object.keys(ablate).some((path) => path.startsWith(`strategies.${name}.`))).length
    return `${plural(strategies.length, 'strategy', 'strategies')}${varied > 0 ? `, ${varied} of them with a factor` : ''}`
  },
  ablate: ({ ablate }) => {
    const factors = Object.entries(ablate).filter(([, levels]) => levels.length > 1)
    return factors.length === 0
      ? 'none: every field has one value'
      : factors.map(([path, levels]) => `${path} (${levels.length})`).join(' · ')
  },
  stats: ({ stats }) =>
    [
      `${stats.primary === 'aubc' ? 'AUBC of' : 'final'} ${metricInfo[stats.metric].label}`,
      `${{ 'paired-sign-flip': 'paired sign-flip', 'paired-t': 'paired t', wilcoxon: 'Wilcoxon' }[stats.test]} ${stats.family === 'vs-baseline' ? `against ${stats.baseline}` : 'over all pairs'}`,
      stats.correction === 'holm' ? 'Holm' : 'no correction',
      stats.band === 't95' ? '95 % t bands' : '95 % bootstrap bands',
    ].join(' · '),
  run: ({ run }) => [`backend ${run.backend}`, `jobs ${run.jobs}`, `keep ${run.keep}`].join(' · '),
}

function testText(test: Study['data']['test'], datasets: readonly DatasetRef[], library: Library): string {
  if (test !== 'provided') return test < 1 ? heldOut(test) : `${test} rows held out as test`
  const isBare = (ref: DatasetRef): boolean => {
    const id = typeof ref === 'string' ? ref : 'id' in ref ? ref.id : null
    return library.some((set) => set.id === id && set.testRows === 0)
  }
  const bare = datasets.filter(isBare).length
  if (bare === 0) return 'provided test rows'
  return bare === datasets.length ? heldOut(fallbackTestFraction) : `provided test rows, else ${heldOut(fallbackTestFraction)}`
}
const heldOut = (share: number): string => `${Number((100 * share).toPrecision(3))} % held out as test`

/** A backbone in a word or two. */
const backboneName = (ref: BackboneRef): string =>
  typeof ref === 'string' ? ref : `${ref.pretrain.model.type} pre-trained on ${datasetName(ref.pretrain.dataset)}`

function layerWidths(model: NetworkSpec): readonly number[] {
  switch (model.type) {
    case 'linear':
      return []
    case 'mlp':
      return model.hidden
    case 'cnn':
      return [...model.filters, ...model.hidden]
    case 'resnet':
      return model.widths
    case 'cnn1d':
      return model.filters
    case 'vit':
      return Array.from({ length: model.depth }, () => model.width)
  }
}
