import { availableParallelism, cpus, totalmem } from 'node:os'
import process from 'node:process'
import { Option, type Command } from 'commander'
import { throwIfCancelled } from '@engine/core/errors'
import { versions } from '../node/doctor'
import { engineBench } from './bench/engine'
import { importBench } from './bench/imports'
import { influenceBench } from './bench/influence'
import { logMeBench } from './bench/logme'
import { mapsBench } from './bench/maps'
import { proxyBench } from './bench/proxy'
import type { BenchResult } from './bench/result'
import { lastLayerBench, selectionBench } from './bench/selection'
import { statisticsBench } from './bench/statistics'
import { gradientBench, trainingBench } from './bench/training'
import { integer, textTable, type CliContext } from './io'

interface Suite {
  readonly id: string
  readonly run: (runs: number) => Promise<BenchResult[]>
}

const suites: readonly Suite[] = [
  { id: 'import', run: importBench }, // first: memory that others leave behind would hide what an import takes
  { id: 'selection', run: async (runs) => [...(await selectionBench(runs)), ...(await logMeBench(Math.min(runs, 5)))] },
  {
    id: 'gradients',
    run: async (runs) => [...(await lastLayerBench(runs)), ...(await influenceBench(runs)), ...(await gradientBench({ runs }))],
  },
  { id: 'training', run: (runs) => trainingBench({ runs }) },
  { id: 'engine', run: engineBench },
  { id: 'statistics', run: statisticsBench },
  { id: 'proxy', run: proxyBench },
  { id: 'maps', run: (runs) => Promise.resolve(mapsBench(runs)) },
]

export function register(program: Command, context: CliContext): void {
  program
    .command('bench')
    .description('measure this machine; docs/benchmarks.md has a table beside PyTorch and NumPy')
    .addOption(new Option('--suite <name>', 'what to measure').choices([...suites.map(({ id }) => id), 'all']).default('all'))
    .option('--runs <n>', 'repetitions behind each median', integer(1), 9)
    .action(
      context.action(async ({ suite, runs }: { suite: string; runs: number }) => {
        const results: BenchResult[] = []
        for (const { id, run } of suites) {
          if (suite !== 'all' && suite !== id) continue
          throwIfCancelled(context.signal)
          context.note(`${id} …`)
          results.push(...(await run(runs)))
        }
        return { json: { machine: machine(), versions: versions(), results }, text: table(results) }
      }),
    )
}

const machine = (): Record<string, string | number> => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}`,
})

function table(results: readonly BenchResult[]): string {
  const header = ['benchmark', 'backend', 'median ms', 'min', 'max', 'runs', 'size']
  return textTable(
    header,
    results.map(({ name, backend = '', ms, min_ms, max_ms, runs, size }) => [
      name,
      backend,
      short(ms),
      short(min_ms),
      short(max_ms),
      runs,
      size,
    ]),
  )
}

const short = (ms: number): number => Number(ms.toPrecision(3))
