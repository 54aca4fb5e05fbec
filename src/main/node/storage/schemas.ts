import { z } from '@engine/core/zod'
import { QuerentError } from '@engine/core/errors'
import { backendIds } from '@engine/nn/executor'
import type { RoundRecord, RunEvent, SelectedSample } from '@engine/study/events'
import type { DatasetRef, FactorValue, RunSpec, Study } from '@engine/study/spec'
import type { Manifest } from '../../lab/experiment'

// JSON has no NaN and no infinity: a diverged loss comes back as null, which every reader takes as "not defined".
const number = z.number()
const maybe = number.nullable()

const sample: z.ZodType<SelectedSample> = z.object({ row: z.int(), label: z.int(), score: maybe, predicted: maybe, confidence: maybe })

const record = z.object({
  round: z.int(),
  labeled: z.int(),
  metrics: z.record(z.string(), maybe),
  trainLoss: maybe,
  trainAccuracy: maybe,
  steps: z.int(),
  epochs: number,
  lossCurve: z.array(maybe),
  selection: z.array(sample),
  diversity: maybe,
  diversityCumulative: maybe,
  classEntropy: maybe,
  mode: z.string().nullable(),
  overlap: z.array(z.object({ shadow: z.string(), jaccard: maybe, spearman: maybe })),
  diagnostics: z.record(z.string(), maybe),
  timings: z.object({ trainMs: number, forwardMs: number, scoreMs: number, chooseMs: number, updateMs: number, evalMs: number }),
  proxyTimings: z
    .object({
      featureForwardMs: number,
      proxyTrainMs: number,
      proxyForwardMs: number,
      selectMs: number,
      checkTrainMs: number,
      logmeMs: number,
      featureUpdateMs: number,
      finalTrainMs: number,
    })
    .optional(),
}) as unknown as z.ZodType<RoundRecord>

const text = z.string()
const failure = z.object({ code: text, message: text, details: z.record(text, z.union([text, number])).optional() })

/** The lines of `events.jsonl`. */
export const storedEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-started'),
    seq: z.int(),
    rounds: z.int(),
    resumedFrom: z.int(),
    initial: z.array(sample),
    poolSize: z.int(),
    testSize: z.int(),
  }),
  z.object({ type: z.literal('round-ended'), seq: z.int(), record }),
  z.object({ type: z.literal('warning'), seq: z.int(), code: text, message: text }),
  z.object({ type: z.literal('run-ended'), seq: z.int(), state: z.enum(['finished', 'cancelled', 'failed']), error: failure.optional() }),
]) as unknown as z.ZodType<RunEvent>

/** `result.json`: the run is finished, and its events are these bytes. */
export const runSummary = z.object({
  format: z.literal(1),
  rounds: z.int(),
  labeled: z.int(),
  metrics: z.record(text, maybe),
  resultHash: text,
  eventsSha256: text,
})
export type RunSummary = z.infer<typeof runSummary>

const plain = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const factors = z.record(text, z.unknown()) as unknown as z.ZodType<Readonly<Record<string, FactorValue>>>
const shard = z.object({ index: z.int(), count: z.int() })

export const manifestSchema: z.ZodType<Manifest> = z.object({
  format: z.literal(1),
  study: plain as unknown as z.ZodType<Study>,
  studyName: text,
  base: text,
  datasets: z.array(
    z.object({
      name: text,
      ref: z.unknown() as unknown as z.ZodType<DatasetRef>,
      sha256: text,
      rows: z.int(),
      testRows: z.int(),
      classes: z.int(),
      classNames: z.array(text),
    }),
  ),
  files: z.record(text, text),
  backbones: z.record(text, text).optional(),
  pretrained: z.record(text, text).optional(),
  semanticsVersion: z.int(),
  version: text,
  backend: z.enum(backendIds),
  device: text,
  threads: z.int(),
  precision: z.enum(['float32', 'float64']),
  seeds: z.int(),
  command: text,
  shard: shard.nullable(),
  runs: z.array(z.object({ hash: z.string().regex(/^[0-9a-f]{8,64}$/), strategy: text, seed: z.int(), dataset: text, factors })),
  resultHash: text.nullable(),
})

export const specSchema = plain as unknown as z.ZodType<RunSpec>

/** JSON text checked against a schema; throws `bad-input` naming the file and the place in it. */
export function parseJson<T>(file: string, json: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new QuerentError('bad-input', 'this file is damaged: it is not JSON', { file }, { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new QuerentError('bad-input', `this file is damaged: ${issue.message}`, { file, path: issue.path.join('.') })
}
