import { createReferenceExecutor } from '@backends/reference/executor'
import type { FloatArray } from '@engine/core/matrix'
import type { Random } from '@engine/core/random'
import { type Builder, createBuilder } from '@engine/graph/builder'
import { type Graph, type Shape, sizeOf, type Value } from '@engine/graph/ir'
import type { Executor } from '@engine/nn/executor'

/** Traces outputs by name. */
export function traced(trace: (g: Builder) => Readonly<Record<string, Value>>): Graph {
  const g = createBuilder()
  for (const [name, value] of Object.entries(trace(g))) g.output(name, value)
  return g.build()
}

/** Runs a graph once; parameters and inputs are found in `values` by name. */
export async function evaluate(
  graph: Graph,
  values: Readonly<Record<string, FloatArray>>,
  executor: Executor = createReferenceExecutor(),
): Promise<Record<string, FloatArray>> {
  const specs = graph.sources.flatMap((source) => (source.kind === 'parameter' ? [{ name: source.name, shape: source.value.shape }] : []))
  const parameters = executor.parameters(specs)
  parameters.write(specs.map(({ name }) => values[name]))
  const outputs = Object.fromEntries([...graph.outputs].map(([name, { shape }]) => [name, executor.allocate(sizeOf(shape))]))
  const program = await executor.compile(graph, parameters)
  await program.run(values, outputs)
  program.dispose()
  parameters.dispose()
  return outputs
}

export const normals = (random: Random, shape: Shape): Float64Array => Float64Array.from({ length: sizeOf(shape) }, () => random.normal())

/** Largest |a − b| relative to the largest |b| (or 1e-300). */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = a.length === b.length ? 0 : Infinity
  let size = 1e-300
  for (let i = 0; i < b.length; i++) {
    const gap = Math.abs(a[i] - b[i])
    if (!(gap <= difference)) difference = gap
    size = Math.max(size, Math.abs(b[i]))
  }
  return difference / size
}
