import type { ResultSet, RunResult } from '@engine/study/results'
import { createAnalysis, type FromAnalysis, type ToAnalysis } from './analysis'
import { keyOf, packRun } from './packing'
import type { Answer, Kind, Question } from './questions'

/** Where the analysis runs. */
export type AnalysisPort = (receive: (message: FromAnalysis) => void) => (message: ToAnalysis) => void

/** Asks about results without holding up the page. */
export interface Analyst {
  /** Resolves to null when it was dropped or the results have changed since. */
  ask<K extends Kind>(results: ResultSet, question: Question<K>, signal: AbortSignal): Promise<Answer<K> | null>
}

/** Milliseconds of packing before the page gets its turn. */
const slice = 8

/** What of a run may change without its records, or differ between two experiments that share it. */
const restOf = ({ dataset, seed, factors, complete }: RunResult): string => JSON.stringify([dataset, seed, factors, complete])

export function createAnalyst(port: AnalysisPort): Analyst {
  const sent = new Map<string, { readonly records: RunResult['records']; readonly rest: string }>()
  const open = new Map<number, { resolve(answer: Answer | null): void; reject(error: Error): void }>()
  let loaded: ResultSet | null = null
  let loading: Promise<void> = Promise.resolve()
  let version = 0
  let lastId = 0

  const post = port((message) => {
    const ask = open.get(message.id)
    open.delete(message.id)
    if ('error' in message) ask?.reject(new Error(message.error))
    else ask?.resolve(message.answer)
  })

  const isSent = (run: RunResult): boolean => {
    const known = sent.get(keyOf(run))
    return known?.records === run.records && known.rest === restOf(run)
  }

  async function load(results: ResultSet, mine: number): Promise<void> {
    const { runs, ...head } = results
    const changed = runs.filter((run) => !isSent(run))
    for (let from = 0; from < changed.length;) {
      const until = performance.now() + slice
      const packed = []
      while (from < changed.length && (packed.length === 0 || performance.now() < until)) {
        const run = changed[from++]
        packed.push(packRun(run))
        sent.set(keyOf(run), { records: run.records, rest: restOf(run) })
      }
      post({ type: 'runs', runs: packed })
      await new Promise((resolve) => setTimeout(resolve))
    }
    const keys = runs.map(keyOf)
    const present = new Set(keys)
    for (const key of sent.keys()) if (!present.has(key)) sent.delete(key)
    post({ type: 'results', version: mine, head, keys })
  }

  return {
    async ask<K extends Kind>(results: ResultSet, question: Question<K>, signal: AbortSignal): Promise<Answer<K> | null> {
      if (loaded !== results) {
        loaded = results
        const mine = ++version
        for (const { resolve } of open.values()) resolve(null)
        open.clear()
        loading = loading.then(() => (mine === version ? load(results, mine) : undefined))
      }
      const mine = version
      await loading
      if (mine !== version || signal.aborted) return null
      const id = ++lastId
      const drop = (): void => {
        open.get(id)?.resolve(null)
        if (open.delete(id)) post({ type: 'drop', id })
      }
      signal.addEventListener('abort', drop)
      post({ type: 'ask', id, version, question })
      const answer = new Promise<Answer<K> | null>((resolve, reject) => open.set(id, { resolve: (found) => resolve(found), reject }))
      return answer.finally(() => signal.removeEventListener('abort', drop))
    },
  }
}

/** In a worker of its own; where there is none, in turns of this thread. */
const portHere: AnalysisPort = (receive) => {
  if (typeof Worker === 'undefined') {
    const analysis = createAnalysis((message) => receive(structuredClone(message)))
    return (message) => analysis(structuredClone(message))
  }
  const worker = new Worker(new URL('./analysisWorker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<FromAnalysis>) => receive(data))
  return (message) => worker.postMessage(message)
}

let shared: Analyst | undefined

/** The one analyst of the window: it keeps the runs it was sent, so coming back to the page is quick. */
export const sharedAnalyst = (): Analyst => (shared ??= createAnalyst(portHere))
