import type { RoundRecord } from '@engine/study/events'
import type { StatsSpec } from '@engine/study/spec'

export const defaultStats: StatsSpec = {
  baseline: 'random',
  metric: 'accuracy',
  primary: 'aubc',
  family: 'vs-baseline',
  test: 'paired-sign-flip',
  correction: 'holm',
  band: 't95',
  rope: 0.005,
  target: null,
  windows: [0, 0.25, 1],
}

export const roundRecord = (round: number, labeled: number, accuracy: number | null): RoundRecord => ({
  round,
  labeled,
  metrics: { accuracy },
  trainLoss: 0.01,
  trainAccuracy: 1,
  steps: 1000,
  epochs: 30,
  lossCurve: [],
  selection: [],
  diversity: null,
  diversityCumulative: null,
  classEntropy: null,
  mode: null,
  overlap: [],
  diagnostics: {},
  timings: { trainMs: 10, forwardMs: 1, scoreMs: 2, chooseMs: 3, updateMs: 0, evalMs: 4 },
})
