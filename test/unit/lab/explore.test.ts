import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import type { LabEvents } from '@contract/commands'
import { selectionOf } from '@main/lab/selection'
import type { JobHandle } from '@main/node/jobs/client'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { openLabTwin, tinyStudy } from '../../support/labTwin'
import { refusal } from '../../support/errors'
import { madeResults, plainStudy } from '../../support/paperTwin'

type FrameEvent = LabEvents['explore.frame']
const digits = { library: 'digits' }

async function finished(frames: readonly FrameEvent[]): Promise<FrameEvent> {
  for (;;) {
    const last = frames.at(-1)
    if (last?.error !== undefined && (last.error !== null || last.frame?.progress === 1)) return last
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('maps', () => {
  test('frames come to every window, and the finished map to those who ask later', async () => {
    const { client, connect } = await openLabTwin()
    const frames: FrameEvent[] = []
    connect().on('explore.frame', (frame) => frames.push(frame))
    expect((await client.call('explore.map', { of: digits, method: 'umap' })).rows).toBe(60)
    const { frame } = await finished(frames)
    expect(frame?.rows.length).toBe(60)
    expect(frames.length).toBeGreaterThan(5)
    const again = await connect().call('explore.map', { of: digits, method: 'umap' })
    expect(again.frame?.positions).toEqual(frame?.positions)
  })

  test('a map that nobody wants is left, and can be asked for again', async () => {
    const { client } = await openLabTwin()
    const frames: FrameEvent[] = []
    client.on('explore.frame', (frame) => frames.push(frame))
    const { map } = await client.call('explore.map', { of: digits, method: 'tsne' })
    await client.call('explore.stop', { map })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(frames.some(({ frame, error }) => frame?.progress === 1 || error !== null)).toBe(false)
    await client.call('explore.map', { of: digits, method: 'tsne' })
    expect((await finished(frames)).frame?.progress).toBe(1)
  })
})

describe('samples', () => {
  test('are raw values with labels; neighbours leave the row itself out', async () => {
    const { client } = await openLabTwin()
    const samples = await client.call('explore.samples', { of: digits, rows: [7, 3] })
    expect(samples).toMatchObject({ rows: [7, 3], shape: [1, 8, 8], valueRange: 16 })
    expect(samples.values.length).toBe(128)
    const near = await client.call('explore.neighbours', { of: digits, row: 3, among: [1, 2, 3, 4, 5], k: 3 })
    expect(near.rows).toHaveLength(3)
    expect(near.rows).not.toContain(3)
    expect([...near.distances].sort((a, b) => a - b)).toEqual(near.distances)
  })

  test('rows and sets that are not there are refused', async () => {
    const { client } = await openLabTwin()
    expect((await refusal(() => client.call('explore.samples', { of: digits, rows: [60] }))).message).toContain('row 60')
    expect((await refusal(() => client.call('explore.samples', { of: { library: 'cats' }, rows: [0] }))).code).toBe('not-found')
    expect((await refusal(() => client.call('explore.samples', { of: { experiment: 'x', dataset: 'digits' }, rows: [0] }))).code).toBe(
      'not-found',
    )
  })
})

describe('animations', () => {
  /** A finished experiment and what asks for an animation of it. */
  async function finishedExperiment() {
    const { client, experiments } = await openLabTwin()
    const { id: project } = await client.call('project.create', { from: { yaml: tinyStudy } })
    const { id: experiment } = await client.call('experiment.start', { project })
    experiments.finish()
    const { runs } = await client.call('experiment.open', { experiment })
    const request = {
      experiment,
      dataset: 'wine',
      method: 'pca',
      runs: runs.filter(({ seed }) => seed === 0).map(({ hash, strategy }) => ({ run: hash, strategy })),
      format: 'svg',
      widthPx: 640,
      roundMs: 800,
    } as const
    return { client, request }
  }

  test('come as a file, with progress for the one who asked', async () => {
    const { client, request } = await finishedExperiment()
    const told: LabEvents['explore.animation'][] = []
    client.on('explore.animation', (said) => told.push(said))
    const { name, bytes } = await client.call('explore.animate', { ...request, task: 'mine' })
    expect(name).toBe('selection-pca.zip')
    expect(Object.keys(unzipSync(bytes))).toHaveLength(3)
    expect(told.at(-1)).toEqual({ task: 'mine', progress: 1 })
  })

  test('stop when asked, and are refused for runs that are not there or times that no video has', async () => {
    const { client, request } = await finishedExperiment()
    const stopped = refusal(() => client.call('explore.animate', { ...request, method: 'tsne', task: 'long' }))
    expect((await refusal(() => client.call('explore.animate', { ...request, task: 'long' }))).code).toBe('locked')
    await client.call('explore.stopAnimation', { task: 'long' })
    expect((await stopped).code).toBe('cancelled')
    const strange = { ...request, task: 'other', runs: [{ run: 'a'.repeat(64), strategy: 'random' }] }
    expect((await refusal(() => client.call('explore.animate', strange))).code).toBe('not-found')
    expect((await refusal(() => client.call('explore.animate', { ...request, task: 'odd', roundMs: 700 }))).code).toBe('bad-input')
    expect((await refusal(() => client.call('explore.animate', { ...request, task: 'mp4', format: 'mp4' }))).code).toBe('unsupported')
  })

  test('are made by a job process with the real encoders', async () => {
    const view = madeResults(plainStudy('[random, margin]', 1, 2))
    const rows = Int32Array.from({ length: 178 }, (_, row) => row)
    const positions = Float32Array.from({ length: 356 }, (_, t) => Math.cos(t * t))
    const runs = view.manifest.runs.map(({ hash, strategy }) => ({ run: hash, strategy }))
    const map = selectionOf(view, runs, 'umap', { rows, positions, progress: 1 })
    const spawner: { spawn(): Promise<JobHandle> } = inProcessSpawner(createWorker)
    const job = await spawner.spawn()
    const told: number[] = []
    const bytes = await job.animate({ map, format: 'mp4', widthPx: 320, roundMs: 200 }, (done) => told.push(done))
    await job.dispose()
    expect(Buffer.from(bytes.subarray(4, 8)).toString()).toBe('ftyp')
    expect(told.at(-1)).toBe(1)
  })
})
