import { randomFrom } from '@engine/core/random'
import { plainKernels } from '@engine/core/distances'
import { hashDataset } from '@engine/data/hash'
import type { Dataset } from '@engine/data/dataset'
import type { Executor } from '@engine/nn/executor'
import { createReferenceExecutor } from '@backends/reference/executor'
import type { ResumePoint, RunEvent } from '@engine/study/events'
import { expandStudy } from '@engine/study/expand'
import { runLoop, type RunDependencies } from '@engine/study/runLoop'
import { parseStudy } from '@engine/study/schema'
import type { PlannedRun, RunSpec, Study } from '@engine/study/spec'

/** Gaussian blobs: `classes` means in d dimensions, unit noise; a test array when `testRows` > 0. */
export function blobs(
  options: { rows?: number; testRows?: number; classes?: number; d?: number; seed?: number; spread?: number } = {},
): Dataset {
  const { rows = 80, testRows = 40, classes = 3, d = 4, seed = 1, spread = 2 } = options
  const random = randomFrom(`blobs ${seed}`)
  const means = Float64Array.from({ length: classes * d }, () => random.normal() * spread)
  const pool = (n: number) => {
    const labels = Int32Array.from({ length: n }, () => random.int(classes))
    const data = Float32Array.from({ length: n * d }, (_, i) => means[labels[Math.floor(i / d)] * d + (i % d)] + random.normal())
    return { data, rows: n, shape: [d], labels }
  }
  const train = pool(rows)
  const test = testRows > 0 ? pool(testRows) : null
  return {
    id: 'blobs',
    kind: 'vector',
    classNames: Array.from({ length: classes }, (_, c) => `class ${c}`),
    train,
    test,
    valueRange: null,
    sha256: hashDataset(train, test),
  }
}

export const study = (yaml: string): Study => parseStudy(yaml, { file: 'study.yaml' })

/** A study with short trainings; `extra` lines are added at the top level. */
export const quickStudy = (strategies: string, sections = ''): Study =>
  study(`
study: quick
dataset: blobs
model: { type: mlp, hidden: [6] }
training: { epochs: 3, minSteps: 6, batchSize: 8, learningRate: 0.02 }
${sections.includes('protocol:') ? '' : 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3 }'}
strategies: [${strategies}]
${sections}
`)

export const expandFor = (parsed: Study, dataset: Dataset, files?: Readonly<Record<string, string>>): PlannedRun[] =>
  expandStudy(parsed, {
    backend: 'reference',
    precision: 'float64',
    datasets: parsed.datasets.map((ref) => ({ ref, name: typeof ref === 'string' ? ref : 'data', sha256: dataset.sha256 })),
    ...(files ? { files } : {}),
  })

/** A clock that moves one millisecond per look. */
export function steppingClock(): { ticks(): number } {
  let now = 0
  return { ticks: () => now++ }
}

export async function collect(spec: RunSpec, dataset: Dataset, deps: Partial<RunDependencies> = {}): Promise<RunEvent[]> {
  const executor: Executor = deps.executor ?? createReferenceExecutor()
  const events: RunEvent[] = []
  for await (const event of runLoop(spec, { dataset, executor, kernels: plainKernels, clock: steppingClock(), resume: null, ...deps }))
    events.push(event)
  return events
}

export const recordsOf = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'round-ended' ? [event.record] : []))

export const endOf = (events: readonly RunEvent[]) => events.at(-1)

/** Records without what a clock decides. */
export const withoutTimes = (events: readonly RunEvent[]) =>
  recordsOf(events).map(({ timings: _timings, proxyTimings: _terms, ...record }) => record)

/** What a host would have stored of the first rounds of a run. */
export function storedUpTo(events: readonly RunEvent[], rounds: number): ResumePoint {
  let state: Pick<ResumePoint, 'weights' | 'memories'> = { weights: null }
  for (const event of events)
    if (event.type === 'checkpoint' && event.round === rounds - 1)
      state = { weights: event.weights.length > 0 ? event.weights : null, memories: event.memories }
  const start = events.find((event) => event.type === 'run-started')
  return {
    initial: start?.type === 'run-started' ? start.initial : [],
    records: recordsOf(events).slice(0, rounds),
    ...state,
    nextSeq: 1000,
  }
}
