import { describe, expect, it } from 'vitest'
import type { LabEvents } from '@contract/commands'
import { applyBatch, liveFrom } from '@/state/experimentReducer'
import { countStates, runRows } from '@/state/runRows'
import { toResults } from '@/state/toResults'
import { createMemoryExperiment } from '../../support/memoryExperiment'
import { sampleStudy } from '../../support/memoryContent'

const started = () => createMemoryExperiment({ id: 'e', project: 'p', yaml: sampleStudy, startedAt: '2026-11-22T09:00:00Z' })
const batchOf = (batch: number, events: LabEvents['experiment.events']['events']): LabEvents['experiment.events'] => ({
  experiment: 'e',
  batch,
  events,
})

describe('a live experiment', () => {
  it('reaches the state of the lab by batches', () => {
    const lab = started()
    const live = liveFrom(lab.snapshot(0))
    for (let batch = 1; batch <= 12; batch++) expect(applyBatch(live, batchOf(batch, lab.advance(90)))).toBe('applied')
    for (const [hash, state] of lab.states) expect(live.runs.get(hash)).toEqual(state)
    expect(live.batch).toBe(12)
  })

  it('says when a batch is missing and changes nothing then', () => {
    const lab = started()
    const live = liveFrom(lab.snapshot(0))
    applyBatch(live, batchOf(1, lab.advance(40)))
    const before = new Map(live.runs)
    lab.advance(40)
    expect(applyBatch(live, batchOf(3, lab.advance(40)))).toBe('gap')
    expect(live.runs).toEqual(before)
  })

  it('ignores what it has seen and what belongs to another experiment', () => {
    const lab = started()
    const live = liveFrom(lab.snapshot(4))
    const events = lab.advance(10)
    expect(applyBatch(live, batchOf(4, events))).toBe('old')
    expect(applyBatch(live, { ...batchOf(5, events), experiment: 'other' })).toBe('old')
  })

  it('gives table rows and results', () => {
    const lab = started()
    for (let i = 0; i < 5; i++) lab.advance(200)
    const live = liveFrom(lab.snapshot(0))
    const rows = runRows(live)
    expect(rows).toHaveLength(40)
    const counts = countStates(rows)
    expect(counts.finished + counts.running + counts.queued).toBe(40)
    expect(counts.running).toBe(2)
    const running = rows.find(({ status }) => status === 'running')
    expect(running?.progress).toBeGreaterThan(0)
    expect(running?.etaMs).toBeGreaterThan(0)
    const done = rows.find(({ status }) => status === 'finished')
    expect(done).toMatchObject({ round: 10, rounds: 10, progress: 1, etaMs: null })
    expect(toResults(live).runs.filter(({ complete }) => complete)).toHaveLength(counts.finished)
  })

  it('calls a run that was cut off interrupted', () => {
    const lab = started()
    lab.advance(200)
    lab.interrupt()
    expect(countStates(runRows(liveFrom(lab.snapshot(0))))).toMatchObject({ interrupted: 2, unstarted: 38, queued: 0, running: 0 })
  })

  it('knows by its records whether a run of a lost host was begun', () => {
    const lab = started()
    for (let i = 0; i < 5; i++) lab.advance(200)
    lab.interrupt()
    const snapshot = lab.snapshot(0)
    const runs = snapshot.runs.map((run) =>
      run.state.status === 'running' ? { ...run, state: { ...run.state, status: 'queued' as const } } : run,
    )
    const rows = runRows(liveFrom({ ...snapshot, runs }))
    expect(countStates(rows)).toMatchObject({ interrupted: 2, queued: 0 })
    expect(rows.every(({ status, round }) => status !== 'unstarted' || round === 0)).toBe(true)
  })
})
