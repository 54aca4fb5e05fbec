import { describe, expect, it } from 'vitest'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf } from '../../support/studies'

describe('runLoop', () => {
  const dataset = blobs()

  it('runs every strategy to its end', async () => {
    const plan = expandFor(quickStudy('random, full-data, entropy, margin, core-set, badge, kmeans, { id: acquisition, score: entropy-gradnorm, batch: kmeans++ }'), dataset)
    for (const { spec } of plan) {
      const events = await collect(spec, dataset)
      expect(endOf(events)).toMatchObject({ type: 'run-ended', state: 'finished' })
      expect(recordsOf(events).map(({ labeled }) => labeled)).toEqual(spec.strategy.id === 'full-data' ? [80] : [6, 11, 16, 21])
    }
  })
})
