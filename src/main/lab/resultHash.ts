import { hashValue } from '@engine/core/hash'
import type { RoundRecord, SelectedSample } from '@engine/study/events'

/** Hash of what a run found: everything but times. Equal on every execution of the run on one backend. */
export const runResultHash = (initial: readonly SelectedSample[], records: readonly RoundRecord[]): string =>
  hashValue({ initial, records: records.map((record) => ({ ...record, timings: undefined, proxyTimings: undefined })) })

/** Hash over the runs of an experiment, whatever order they finished in. */
export const experimentResultHash = (results: ReadonlyMap<string, string>): string =>
  hashValue([...results].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
