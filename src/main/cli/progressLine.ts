import type { ExperimentProgress } from '@contract/types'
import type { Experiment } from '../lab/experiment'
import type { CliContext } from './io'

const plainEveryMs = 5_000

/** Shows an experiment's progress on stderr: one live line on a terminal, a line now and then elsewhere. Returns the ender. */
export function showProgress(experiment: Experiment, context: CliContext): () => void {
  const { stderr } = context
  const isLive = stderr.isTTY === true
  let shownAt = -Infinity
  const clear = (): void => {
    if (isLive) stderr.write('\r\u001B[K')
  }
  const show = (progress: ExperimentProgress): void => {
    const now = performance.now()
    if (isLive) stderr.write(`\r\u001B[K${textOf(progress).slice(0, (stderr.columns || 100) - 1)}`)
    else if (now - shownAt >= plainEveryMs) {
      shownAt = now
      context.note(textOf(progress))
    }
  }
  const offProgress = experiment.onProgress(show)
  const offEvent = experiment.onEvent((hash, event) => {
    if (event.type === 'warning') tell(`warning: ${nameOf(hash)}: ${event.message}`)
    if (event.type === 'run-ended' && event.state === 'failed')
      tell(`failed: ${nameOf(hash)}: ${event.error?.message ?? ''}${foundOf(event.error?.details?.found)}`)
  })
  const tell = (text: string): void => {
    clear()
    context.note(text)
  }
  const nameOf = (hash: string): string => {
    const spec = experiment.plan.find((run) => run.hash === hash)?.spec
    return spec === undefined ? hash : `${spec.datasetName}, ${spec.strategy.name}, seed ${spec.repeat}`
  }
  return () => {
    offProgress()
    offEvent()
    clear()
  }
}

const foundOf = (found: string | undefined): string => (found === undefined ? '' : ` (${found})`)

function textOf({ runs, finished, failed, fraction, etaMs, current, preparing }: ExperimentProgress): string {
  const parts = [`${finished}/${runs} runs`, `${Math.floor(fraction * 100)} %`]
  if (failed > 0) parts.push(`${failed} failed`)
  const msLeft = preparing?.etaMs ?? etaMs
  if (msLeft !== null) parts.push(`${duration(msLeft)} left`)
  if (current !== '') parts.push(current)
  return parts.join('  ')
}

/** `4 s`, `2 min 5 s`, `3 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}
