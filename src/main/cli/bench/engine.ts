import { createSelectionKernels } from '@backends/kernels/selection'
import { createExecutor } from '@backends/registry'
import { expandStudy } from '@engine/study/expand'
import type { RoundRecord } from '@engine/study/events'
import { runLoop } from '@engine/study/runLoop'
import { parseStudy } from '@engine/study/schema'
import { systemClock } from '../../node/clock'
import { loadDataset } from '../../node/datasets'
import { benchResult, type BenchResult } from './result'

const study = `
study: bench
dataset: digits
model: { type: mlp, hidden: [128] }
protocol: { seeds: 1, initial: 50, query: 50, rounds: 8 }
strategies: [badge]
`

/** Share of a real run that is spent outside training, forward passes, scoring, choosing, updating and evaluation. */
export async function engineBench(runs: number): Promise<BenchResult[]> {
  const backend = 'onnx-native'
  const [dataset, executor] = [await loadDataset('digits', '.'), await createExecutor(backend)]
  const parsed = parseStudy(study, { file: 'bench.yaml' })
  const [{ spec }] = expandStudy(parsed, {
    backend,
    precision: executor.precision,
    datasets: [{ ref: 'digits', name: 'digits', sha256: dataset.sha256 }],
  })
  const times: number[] = []
  const shares: number[] = []
  for (let run = 0; run < runs; run++) {
    let charged = 0
    const start = performance.now()
    const events = runLoop(spec, {
      dataset,
      executor,
      kernels: createSelectionKernels(),
      clock: systemClock,
      resume: null,
      breathe: () => new Promise((continued) => setImmediate(continued)),
    })
    for await (const event of events) {
      if (event.type === 'round-ended') charged += total(event.record)
      if (event.type === 'run-ended' && event.state !== 'finished') throw new Error(event.error?.message ?? event.state)
    }
    const elapsed = performance.now() - start
    times.push(elapsed - charged)
    shares.push((elapsed - charged) / elapsed)
  }
  executor.dispose()
  const result = benchResult('engine-overhead', 'digits, MLP 64-128-10, BADGE, 9 fits of 1,000 steps', times)
  return [{ ...result, backend, share: shares.sort((a, b) => a - b)[shares.length >> 1] }]
}

const total = ({ timings }: RoundRecord): number => Object.values<number>({ ...timings }).reduce((sum, ms) => sum + ms, 0)
