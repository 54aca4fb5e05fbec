import type { ExperimentSummary } from '@contract/types'
import type { RunStatus } from '@engine/study/events'

/** States as people call them. */
export const stateWords: Readonly<Record<ExperimentSummary['state'] | RunStatus, string>> = {
  queued: 'queued',
  running: 'running',
  paused: 'paused',
  finished: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

export const stateTones: Readonly<Record<ExperimentSummary['state'] | RunStatus, 'good' | 'warn' | 'bad' | 'accent' | undefined>> = {
  queued: undefined,
  running: 'accent',
  paused: 'warn',
  finished: 'good',
  failed: 'bad',
  cancelled: undefined,
  interrupted: 'warn',
}
