import { describe, expect, test } from 'vitest'
import type { LabEvents } from '@contract/commands'
import { openLabTwin } from '../../support/labTwin'
import { refusal } from '../../support/errors'

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
