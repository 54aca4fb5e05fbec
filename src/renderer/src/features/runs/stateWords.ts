import type { ExperimentSummary } from '@contract/types'
import type { RowStatus } from '@/state/runRows'

/** States as people call them. */
export const stateWords: Readonly<Record<ExperimentSummary['state'] | RowStatus, string>> = {
  queued: 'queued',
  unstarted: 'not started',
  running: 'running',
  paused: 'paused',
  finished: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

export const stateTones: Readonly<Record<ExperimentSummary['state'] | RowStatus, 'good' | 'warn' | 'bad' | 'accent' | undefined>> = {
  queued: undefined,
  unstarted: undefined,
  running: 'accent',
  paused: 'warn',
  finished: 'good',
  failed: 'bad',
  cancelled: undefined,
  interrupted: 'warn',
}
