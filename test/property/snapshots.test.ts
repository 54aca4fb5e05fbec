import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { applyBatch, liveFrom, type LiveExperiment } from '@/state/experimentReducer'
import type { LabClient, LabEvents } from '@contract/commands'
import { initialRunState, reduceRun } from '@engine/study/reduceRun'
import type { RunState } from '@engine/study/events'
import { openLabTwin, tinyStudy } from '../support/labTwin'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

type Act =
  | { readonly do: 'step'; readonly events: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'control'; readonly action: 'pause' | 'resume' | 'cancel' | 'retry'; readonly runs: readonly number[] | null }
  | { readonly do: 'fail' }
  /** cancels what still runs, and goes on */
  | { readonly do: 'continue' }
  | { readonly do: 'join' }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('step'), events: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 1, max: 150 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('control'),
      action: fc.constantFrom('pause', 'resume', 'cancel', 'retry'),
      runs: fc.option(fc.subarray([0, 1, 2, 3], { minLength: 1 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('continue') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join') }) },
)

/** A window that follows an experiment as the renderer does. */
class Window {
  live: LiveExperiment | null = null
  gaps = 0
  private readonly early: LabEvents['experiment.events'][] = []
  constructor(
    private readonly client: LabClient,
    private readonly experiment: string,
  ) {
    client.on('experiment.events', (batch) => {
      if (!this.live) this.early.push(batch)
      else if (applyBatch(this.live, batch) === 'gap') {
        this.gaps++
        void this.open()
      }
    })
  }
  async open(): Promise<void> {
    this.live = null
    const next = liveFrom(await this.client.call('experiment.open', { experiment: this.experiment }))
    for (const batch of this.early.splice(0)) applyBatch(next, batch)
    this.live = next
  }
}

/** Microtasks and the twins' own turns. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** What charts and tables show; the numbering is the line's own business. */
const shown = ({ lastSeq: _, ...state }: RunState): Omit<RunState, 'lastSeq'> => state

it('every window that joins at any time and hears the later batches ends with the state of the lab', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const twin = await openLabTwin()
      const project = await twin.client.call('project.create', { from: { yaml: tinyStudy } })
      const { id: experiment } = await twin.client.call('experiment.start', { project: project.id })
      const { hashes } = twin.experiments
      // Hears every batch from the first on, and never asks for a snapshot.
      const heard: LabEvents['experiment.events'][] = []
      twin.client.on('experiment.events', (batch) => heard.push(batch))
      let restarts = 0
      const windows: Window[] = []
      const join = async (): Promise<void> => {
        const window = new Window(twin.connect(), experiment)
        windows.push(window)
        await window.open()
      }
      await join()
      for (const next of acts) {
        if (next.do === 'step') twin.experiments.step(next.events)
        else if (next.do === 'wait') vi.advanceTimersByTime(next.ms)
        else if (next.do === 'fail') twin.experiments.failOne()
        else if (next.do === 'join')
          void join() // others go on meanwhile
        else if (next.do === 'continue') {
          await twin.client.call('experiment.control', { experiment, action: 'cancel' }).catch(() => undefined) // it has ended
          await settle()
          await twin.client.call('experiment.continue', { experiment })
          restarts++
        } else
          await twin.client
            .call('experiment.control', {
              experiment,
              action: next.action,
              ...(next.runs === null ? {} : { runs: next.runs.map((i) => hashes[i]) }),
            })
            .catch(() => undefined) // it has ended
        if (next.do !== 'step') await settle()
      }
      await settle()
      vi.advanceTimersByTime(200)
      await settle()

      const now = await twin.client.call('experiment.open', { experiment })
      for (const window of windows) {
        expect(window.live?.batch).toBe(now.batch)
        expect(window.gaps).toBeLessThanOrEqual(restarts)
        for (const { hash, state } of now.runs) {
          const mine = window.live?.runs.get(hash) ?? initialRunState
          // A run that was taken up says so with its first event.
          const expected = state.status === 'running' && mine.status !== 'running' ? { ...shown(state), status: mine.status } : shown(state)
          expect(shown(mine)).toEqual(expected)
        }
      }
      if (restarts === 0) {
        expect(heard.map(({ batch }) => batch)).toEqual(heard.map((_, i) => i + 1))
        for (const { hash, state } of now.runs) {
          const replayed = heard
            .flatMap(({ events }) => events.filter(([run]) => run === hash).map(([, event]) => event))
            .reduce(reduceRun, initialRunState)
          if (state.status !== 'running') expect(shown(replayed)).toEqual(shown(state))
        }
      }
      await twin.lab.dispose()
    }),
    { numRuns: 60 },
  )
})
