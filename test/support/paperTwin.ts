import type { Manifest } from '@main/lab/experiment'
import type { ResultView } from '@main/lab/dependencies'
import { expandStudy } from '@engine/study/expand'
import { parseStudy } from '@engine/study/schema'
import { initialRunState } from '@engine/study/reduceRun'
import { randomFrom } from '@engine/core/random'
import type { RoundRecord, RunEventBody } from '@engine/study/events'
import { fileStore } from '@main/node/storage/resultFolder'
import { roundRecord } from './records'

const dataset = { name: 'wine', ref: 'wine', sha256: 'a'.repeat(64), rows: 178, testRows: 40, classes: 3, classNames: ['a', 'b', 'c'] }

interface Made {
  /** strategies further down the list are better by this much */
  readonly step?: number
  /** which runs have finished; default: all */
  readonly isFinished?: (strategy: string, seed: number) => boolean
  readonly change?: (record: RoundRecord) => RoundRecord
}

/** The results of a study as a folder would give them, with curves that rise by a formula and scatter by a seeded stream. */
export function madeResults(
  studyText: string,
  { step = 0.02, isFinished = () => true, change = (record) => record }: Made = {},
): ResultView {
  const study = parseStudy(studyText, { file: 'study.yaml' })
  const plan = expandStudy(study, { backend: 'reference', precision: 'float64', datasets: [dataset], files: {} })
  const names = study.strategies.map(({ name }) => name)
  const manifest: Manifest = {
    format: 1,
    study,
    studyName: study.study,
    base: '.',
    datasets: [dataset],
    files: {},
    semanticsVersion: 1,
    version: '0.0.0',
    backend: 'reference',
    device: 'CPU',
    threads: 1,
    precision: 'float64',
    seeds: study.protocol.seeds,
    command: 'querent run',
    shard: null,
    runs: plan.map(({ hash, spec, factors }) => ({ hash, strategy: spec.strategy.name, seed: spec.repeat, dataset: 'wine', factors })),
    resultHash: null,
  }
  const states = new Map(
    plan.map(({ hash, spec }) => {
      const { name, rounds } = spec.strategy
      const random = randomFrom(`made-${name}-${spec.repeat}`)
      const records = Array.from({ length: rounds + 1 }, (_, round) => {
        const labeled = spec.protocol.initial + round * spec.protocol.query
        const accuracy = 0.9 - 0.4 * Math.exp(-(round / rounds) * (2 + step * 40 * names.indexOf(name))) + 0.02 * (random.next() - 0.5)
        return change({ ...roundRecord(round, labeled, accuracy), overlap: [] })
      })
      const done = isFinished(name, spec.repeat)
      return [
        hash,
        {
          ...initialRunState,
          status: done ? ('finished' as const) : ('running' as const),
          rounds,
          records: done ? records : records.slice(0, 2),
        },
      ]
    }),
  )
  return { manifest, plan, studyText, state: (hash) => states.get(hash) ?? initialRunState }
}

export const plainStudy = (strategies: string, seeds = 8, rounds = 6): string =>
  `study: made\ndataset: wine\nmodel: { type: linear }\nprotocol: { seeds: ${seeds}, initial: 8, query: 2, rounds: ${rounds} }\nstrategies: ${strategies}\n`

/** The same as a result folder on disk. */
export async function storeResults(view: ResultView, dir: string): Promise<void> {
  const folder = await fileStore.open(dir, () => undefined)
  await folder.writeManifest(view.manifest)
  await folder.writeStudy(view.studyText)
  // one folder serves a method under two names
  for (const run of new Map(view.plan.map((planned) => [planned.hash, planned])).values()) {
    const { status, rounds, records, initial } = view.state(run.hash)
    const writer = await folder.openRun(run)
    const events: RunEventBody[] = [
      { type: 'run-started', rounds, resumedFrom: 0, initial, poolSize: 178, testSize: 40 },
      ...records.map((record): RunEventBody => ({ type: 'round-ended', record })),
      ...(status === 'finished' ? [{ type: 'run-ended', state: 'finished' } as const] : []),
    ]
    for (const [seq, event] of events.entries()) await writer.append({ seq, ...event })
    await writer.close()
  }
  await folder.close()
}
