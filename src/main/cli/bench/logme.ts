import { matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { logme } from '@engine/metrics/logme'
import { pedLogme } from '@engine/metrics/ped'
import { benchResult, type BenchResult } from './result'
import { timed } from './selection'

/** LogME with and without potential energy decline, of float32 features whose classes overlap. */
export async function logMeBench(runs: number): Promise<BenchResult[]> {
  const [rows, cols, classes] = [10_000, 512, 10]
  const random = randomFrom('bench').fork('logme')
  const labels = Int32Array.from({ length: rows }, (_, row) => row % classes)
  const features = matrix(
    Float32Array.from({ length: rows * cols }, (_, t) => random.normal() + Number(t % cols === labels[Math.floor(t / cols)])),
    rows,
    cols,
  )
  const time = async (name: string, measure: typeof logme): Promise<BenchResult> => {
    const times = await timed(runs, () => {
      const start = performance.now()
      measure(features, labels, classes)
      return performance.now() - start
    })
    return benchResult(name, `10,000 × ${cols}, ${classes} classes`, times)
  }
  return [await time('logme-10k', logme), await time('ped-logme-10k', pedLogme)]
}
