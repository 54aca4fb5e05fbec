import type { FloatArray } from '@engine/core/matrix'
import type { ResumePoint, RunEvent } from '@engine/study/events'
import type { RunSpec } from '@engine/study/spec'

/** One run handed to a job process. Big arrays travel as files, not in the message. */
export interface RunAssignment {
  readonly hash: string
  readonly spec: RunSpec
  /** folder that relative data set paths start from */
  readonly baseDir: string
  readonly resume: ResumePoint | null
}

/** A job process: one run at a time, reused for the next. */
export interface Job {
  readonly pid: number | undefined
  /** Resolves when the run has ended by itself (finished, failed or cancelled); rejects with `job-crashed` when the process dies. */
  run(assignment: RunAssignment, onEvent: (event: RunEvent) => void | Promise<void>): Promise<void>
  /** Asks the run to stop at its next safe point; killed after a grace period. */
  cancel(): void
  dispose(): Promise<void>
}

/** Starts job processes; `child_process.fork` headless, `utilityProcess.fork` through Electron's main. */
export interface JobSpawner {
  spawn(): Promise<Job>
}

export type Weights = readonly FloatArray[]

export interface Clock {
  now(): Date
  /** monotonic milliseconds */
  ticks(): number
}
