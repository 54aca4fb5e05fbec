import type { ResultSet, RunResult } from '@engine/study/results'
import { unpackRun, type PackedRun } from './packing'
import { answerTo, type Answer, type AnyQuestion } from './questions'

export type ToAnalysis =
  | { readonly type: 'runs'; readonly runs: readonly PackedRun[] }
  /** the results from now on; runs by their keys, which must have arrived */
  | { readonly type: 'results'; readonly version: number; readonly head: Omit<ResultSet, 'runs'>; readonly keys: readonly string[] }
  | { readonly type: 'ask'; readonly id: number; readonly version: number; readonly question: AnyQuestion }
  | { readonly type: 'drop'; readonly id: number }

/** An answer, or why there is none; none at all is sent to a question about results of an earlier version. */
export type FromAnalysis = { readonly id: number; readonly answer: Answer } | { readonly id: number; readonly error: string }

/** What may take seconds waits for everything else; the tests of single budgets wait longest. */
const patienceOf = ({ kind }: AnyQuestion): number => (kind === 'strip' ? 2 : kind === 'tests' ? 1 : 0)

/** Milliseconds. */
const breath = 150

/** Answers questions one after another, quick ones first; a dropped one that has not begun is left out. */
export function createAnalysis(send: (message: FromAnalysis) => void): (message: ToAnalysis) => void {
  let known = new Map<string, RunResult>()
  let results: ResultSet | null = null
  let version = 0
  let waiting: { readonly id: number; readonly version: number; readonly question: AnyQuestion }[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    timer = undefined
    const [ask] = waiting.toSorted((a, b) => patienceOf(a.question) - patienceOf(b.question))
    waiting = waiting.filter((one) => one !== ask)
    if (results && ask.version === version) {
      try {
        send({ id: ask.id, answer: answerTo(results, ask.question) })
      } catch (error) {
        send({ id: ask.id, error: error instanceof Error ? error.message : String(error) })
      }
    }
    schedule()
  }
  function schedule(): void {
    clearTimeout(timer)
    if (waiting.length === 0) return
    // an answer lets the page ask on: before what takes long, it gets the time to
    const isQuick = waiting.some(({ question }) => patienceOf(question) === 0)
    timer = setTimeout(next, isQuick ? 0 : breath)
  }
  return (message) => {
    if (message.type === 'runs') for (const run of message.runs) known.set(run.key, unpackRun(run))
    else if (message.type === 'results') {
      known = new Map(message.keys.flatMap((key) => (known.has(key) ? [[key, known.get(key)!]] : [])))
      results = { ...message.head, runs: [...known.values()] }
      version = message.version
    } else if (message.type === 'ask') waiting.push(message)
    else waiting = waiting.filter(({ id }) => id !== message.id)
    schedule()
  }
}
