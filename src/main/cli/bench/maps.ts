import { cpuUsage } from 'node:process'
import { createSelectionKernels } from '@backends/kernels/selection'
import { matrix, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { layoutMap, mapMethods, type MapMethod } from '@engine/maps/layout'
import { benchResult, type BenchResult } from './result'

const [n, width, groups] = [10_000, 64, 10]

/** Maps of Explore: the time to the first frame and to the finished map; `processor_ms` does not count what else the machine did. */
export function mapsBench(runs: number): BenchResult[] {
  const features = clouds()
  return mapMethods.flatMap((method) => timeMap(features, method, Math.min(runs, 3)))
}

interface Moment {
  readonly wall: number
  readonly processor: number
}

function timeMap(features: Matrix, method: MapMethod, runs: number): BenchResult[] {
  const times = Array.from({ length: runs }, () => {
    const kernels = createSelectionKernels()
    const start = now()
    const since = ({ wall, processor }: Moment): Moment => ({ wall: wall - start.wall, processor: processor - start.processor })
    let first: Moment | null = null
    for (const frame of layoutMap(features, { method, seed: 0, kernels })) if (frame !== null) first ??= since(now())
    const whole = since(now())
    return { first: first ?? whole, whole }
  })
  const result = (name: string, moments: readonly Moment[]): BenchResult =>
    benchResult(
      name,
      `${n} × ${width}, ${groups} clouds`,
      moments.map(({ wall }) => wall),
      {
        processor_ms: Math.min(...moments.map(({ processor }) => processor)),
      },
    )
  const whole = result(
    `map-${method}`,
    times.map((time) => time.whole),
  )
  return method === 'pca'
    ? [whole]
    : [
        result(
          `map-${method}-first-frame`,
          times.map(({ first }) => first),
        ),
        whole,
      ]
}

function now(): Moment {
  const { user, system } = cpuUsage()
  return { wall: performance.now(), processor: (user + system) / 1000 }
}

/** Normal clouds around ten centres, float32 as the inputs of a data set. */
function clouds(): Matrix<Float32Array> {
  const random = randomFrom('bench').fork('maps')
  const centers = Float32Array.from({ length: groups * width }, () => 2 * random.normal())
  const data = Float32Array.from(
    { length: n * width },
    (_, t) => centers[(Math.floor(t / width) % groups) * width + (t % width)] + random.normal(),
  )
  return matrix(data, n, width)
}
