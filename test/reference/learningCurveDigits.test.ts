import { describe, expect, it } from 'vitest'
import { createSelectionKernels } from '@backends/kernels/selection'
import { autoOrder, createExecutor } from '@backends/registry'
import type { Executor } from '@engine/nn/executor'
import { expandStudy } from '@engine/study/expand'
import { parseRunFiles } from '@engine/study/runFiles'
import { digits } from '../support/digits'
import { collect, recordsOf, study } from '../support/studies'
import { readReference } from '../support/reference'

interface LearningCurves {
  readonly labels: readonly number[]
  readonly pool_rows: readonly number[]
  readonly test_rows: readonly number[]
  /** positions within pool_rows, by seed */
  readonly initial_rows: readonly (readonly number[])[]
  readonly summary: Readonly<Record<string, { readonly mean_accuracy: readonly number[]; readonly std_accuracy: readonly number[] }>>
}

/** The published curves are means of 20 seeds; QUERENT_SEEDS=20 repeats all of them, 5 stand for them in everyday tests. */
const seeds = Number(process.env.QUERENT_SEEDS ?? 5)

const reference = readReference<LearningCurves>('learning-curve-digits')

const text = `
study: learning-curve-digits
dataset: digits
data: { split: split.json }
model: { type: mlp, hidden: [128], init: torch-default }
training: { optimizer: adam, learningRate: 0.003, epochs: 100, batchSize: 32, minSteps: 0 }
protocol: { seeds: ${seeds}, initialSampling: file, initialRows: initial.json, query: 20, rounds: 10 }
strategies: [random, entropy, margin, badge]
run: { keep: nothing }
`
const files = {
  'split.json': JSON.stringify({ train: reference.pool_rows, test: reference.test_rows }),
  'initial.json': JSON.stringify(reference.initial_rows.map((rows) => rows.map((row) => reference.pool_rows[row]))),
}

async function fastestExecutor(): Promise<Executor> {
  for (const id of autoOrder) {
    try {
      return await createExecutor(id)
    } catch {
      continue
    }
  }
  return createExecutor('reference')
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe(`learning curves on digits, ${seeds} seeds`, async () => {
  const dataset = await digits()
  const executor = await fastestExecutor()
  const plan = expandStudy(study(text), {
    backend: executor.id,
    precision: executor.precision,
    datasets: [{ ref: 'digits', name: 'digits', sha256: dataset.sha256 }],
  })

  it.each(['random', 'entropy', 'margin', 'badge'])(
    '%s is within 0.02 or four standard errors of the reference from 100 labels on',
    async (name) => {
      const curves: number[][] = []
      for (const { spec } of plan.filter((run) => run.spec.strategy.name === name)) {
        const records = recordsOf(
          await collect(spec, dataset, { executor, kernels: createSelectionKernels(), files: parseRunFiles(spec, files) }),
        )
        expect(records.map(({ labeled }) => labeled)).toEqual(reference.labels)
        curves.push(records.map(({ metrics }) => metrics.accuracy ?? NaN))
      }
      const { mean_accuracy, std_accuracy } = reference.summary[name]
      const ours = reference.labels.map((_, i) => mean(curves.map((curve) => curve[i])))
      if (process.env.QUERENT_SEEDS) console.info(name, ours.map((value) => value.toFixed(4)).join(' '))
      reference.labels.forEach((labels, i) => {
        if (labels < 100) return
        const band = Math.max(0.02, 4 * std_accuracy[i] * Math.sqrt(1 / seeds + 1 / 20))
        expect(
          Math.abs(ours[i] - mean_accuracy[i]),
          `${name} at ${labels} labels: ${ours[i]} against ${mean_accuracy[i]}`,
        ).toBeLessThanOrEqual(band)
      })
    },
    600_000,
  )
})
