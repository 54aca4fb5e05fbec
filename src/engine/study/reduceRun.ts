import type { RunEvent, RunState } from './events'

/** A run that has not said anything yet. */
export const initialRunState: RunState = {
  status: 'queued',
  rounds: 0,
  records: [],
  initial: [],
  poolSize: 0,
  testSize: 0,
  epoch: null,
  warnings: [],
  error: null,
  lastSeq: -1,
}

/** The state after an event; an event that was seen before changes nothing. */
export function reduceRun(state: RunState, event: RunEvent): RunState {
  if (event.seq <= state.lastSeq) return state
  const next = { ...state, lastSeq: event.seq }
  switch (event.type) {
    case 'run-started':
      return {
        ...next,
        status: 'running',
        rounds: event.rounds,
        initial: event.initial,
        poolSize: event.poolSize,
        testSize: event.testSize,
        // A run that goes on keeps what it had; one that starts again drops it.
        records: state.records.slice(0, event.resumedFrom),
        warnings: event.resumedFrom === 0 ? [] : state.warnings,
        epoch: null,
        error: null,
      }
    case 'epoch':
      return { ...next, epoch: { round: event.round, epoch: event.epoch, epochs: event.epochs, loss: event.loss } }
    case 'round-ended':
      return { ...next, records: [...state.records, event.record], epoch: null }
    case 'warning':
      return { ...next, warnings: [...state.warnings, { code: event.code, message: event.message }] }
    case 'status':
      return { ...next, status: event.status, epoch: null }
    case 'run-ended':
      return { ...next, status: event.state, error: event.error ?? null, epoch: null }
    case 'round-started':
    case 'evaluated':
    case 'artifact':
    case 'checkpoint':
      return next
  }
}
