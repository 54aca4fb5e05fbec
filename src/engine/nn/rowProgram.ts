import { badInput, type CancelSignal, throwIfCancelled } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import type { Rows } from '../data/dataset'
import { gatherRows, sampleSize } from '../data/gather'
import type { Graph, Value } from '../graph/ir'
import { sizeOf } from '../graph/ir'
import type { Executor, Parameters, Program } from './executor'

/** A graph applied to any number of rows, some at a time. */
export interface RowProgram {
  /**
   * Calls `take` for each chunk: outputs of rows from … from + count − 1 are at the head of each array, until `take` returns.
   * `fill` writes the inputs other than `x` of those rows before.
   */
  run(
    rows: Rows,
    take: (outputs: Arrays, from: number, count: number) => void,
    signal?: CancelSignal,
    fill?: (inputs: Arrays, from: number, count: number) => void,
  ): Promise<void>
  dispose(): void
}

export type Arrays = Readonly<Record<string, FloatArray>>

interface Compiled {
  readonly program: Program
  readonly inputs: Arrays
  readonly outputs: Arrays
}

const mostRows = 1000
/** Numbers in the largest intermediate value of a chunk: bounds memory where layers are wide. */
const mostNumbers = 1_000_000

/**
 * Compiles `trace` for a few fixed batch sizes, on first use. The last chunk is padded to the next size; no row's result depends
 * on its neighbours.
 */
export function createRowProgram(
  trace: (batch: number) => Graph,
  executor: Executor,
  parameters: Parameters,
  pause: () => Promise<void>,
): RowProgram {
  const compiled = new Map<number, Promise<Compiled>>()
  let sizes: readonly number[] | undefined

  async function compile(batch: number): Promise<Compiled> {
    const graph = trace(batch)
    const inputs = graph.sources.flatMap((source) => (source.kind === 'input' ? [[source.name, source.value] as const] : []))
    const allocated = (values: readonly (readonly [string, Value])[]): Arrays =>
      Object.fromEntries(values.map(([name, { shape }]) => [name, executor.allocate(sizeOf(shape))]))
    return { program: await executor.compile(graph, parameters), inputs: allocated(inputs), outputs: allocated([...graph.outputs]) }
  }

  function compiledFor(batch: number): Promise<Compiled> {
    const existing = compiled.get(batch)
    if (existing !== undefined) return existing
    const created = compile(batch)
    compiled.set(batch, created)
    return created
  }

  return {
    run: async (rows, take, signal, fill) => {
      sizes ??= batchSizes(trace(1))
      const total = rows.index.length
      for (let from = 0; from < total;) {
        throwIfCancelled(signal)
        const batch = sizes.find((size) => size >= total - from) ?? sizes[sizes.length - 1]
        const count = Math.min(batch, total - from)
        const { program, inputs, outputs } = await compiledFor(batch)
        if (sampleSize(rows.pool) * batch !== inputs.x.length)
          throw badInput('the samples do not have the shape the model was made for', { found: rows.pool.shape.join(' × ') })
        gatherRows(rows, from, count, inputs.x)
        fill?.(inputs, from, count)
        await program.run(inputs, outputs)
        take(outputs, from, count)
        from += count
        await pause()
      }
    },
    dispose: () => {
      for (const entry of compiled.values())
        void entry.then(
          ({ program }) => program.dispose(),
          () => {}, // a failed compilation was reported to whoever asked for it
        )
    },
  }
}

/** Ascending: a sixteenth and a quarter of the largest size, and that. */
function batchSizes(graph: Graph): readonly number[] {
  const largest = Math.max(...graph.nodes.map(({ output }) => sizeOf(output.shape)))
  const most = Math.max(1, Math.min(mostRows, Math.floor(mostNumbers / largest)))
  return [Math.ceil(most / 16), Math.ceil(most / 4), most]
}
