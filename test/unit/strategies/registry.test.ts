import { describe, expect, it } from 'vitest'
import { z } from '@engine/core/zod'
import { scores, selectorOf, strategies, strategyOf } from '@engine/strategies/registry'
import { refusal } from '../../support/errors'

describe('registry', () => {
  it('refuses an unknown id with the nearest name', async () => {
    expect(await refusal(() => strategyOf('entropie'))).toMatchObject({
      code: 'bad-input',
      details: { nearest: 'entropy', found: 'entropie' },
    })
    expect(await refusal(() => selectorOf('gradient-embedding-nom'))).toMatchObject({ details: { nearest: 'gradient-embedding-norm' } })
  })

  it('selects by strategy or by score', () => {
    expect(selectorOf('badge')).toBe(strategyOf('badge'))
    expect(selectorOf('gradient-embedding-norm').id).toBe('gradient-embedding-norm')
  })

  it.each([...strategies.values()].map((strategy) => [strategy.id, strategy] as const))(
    '%s has defaults and documents every parameter',
    (id, strategy) => {
      const needed: Readonly<Record<string, object>> = { replay: { selections: 'file.csv' }, external: { command: ['choose'] } }
      const required = needed[id] ?? {}
      expect(() => strategy.params.parse(required)).not.toThrow()
      expect(() => strategy.params.parse({ ...required, nonsense: 1 })).toThrow()
      const schema = z.toJSONSchema(strategy.params, { io: 'input' }) as {
        properties?: Record<string, { title?: string; description?: string }>
      }
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        expect(property.title, name).toBeTruthy()
        expect(property.description, name).toBeTruthy()
      }
    },
  )

  it('offers every score to acquisition', () => {
    for (const score of scores.keys()) expect(() => strategyOf('acquisition').params.parse({ score })).not.toThrow()
    expect(() => strategyOf('acquisition').params.parse({ score: 'badge' })).toThrow()
  })

  it('draws full-data as a line, and nothing else', () => {
    expect([...strategies.values()].filter(({ line }) => line).map(({ id }) => id)).toEqual(['full-data'])
  })
})

describe('needs and effective parameters', () => {
  const parsed = (id: string, params: object): unknown => strategyOf(id).params.parse(params)
  const needs = (id: string, params: object = {}): string[] => [...strategyOf(id).needs(parsed(id, params))].sort()
  const effective = (id: string, params: object): unknown => strategyOf(id).effective?.(parsed(id, params))

  it('asks for the norms of all layers only where they are used', () => {
    expect(needs('entropy-gradnorm')).toEqual(['tensorNorms'])
    expect(needs('entropy-gradnorm', { layers: 'last' })).toEqual(['embedding', 'proba'])
    expect(needs('entropy-gradnorm', { component: 'output' })).toEqual(['proba'])
    expect(needs('acquisition', { score: 'entropy-gradnorm', batch: 'kmeans++' })).toEqual(['embedding', 'proba', 'tensorNorms'])
    expect(needs('acquisition', { score: 'entropy', batch: 'kcenter' })).toEqual(['embedding', 'proba'])
    expect(needs('core-set', { space: 'inputs' })).toEqual([])
    expect(needs('variation-ratio')).toEqual(['sampledProba'])
  })

  it('forgets what cannot change the result', () => {
    expect(effective('acquisition', { score: 'entropy', component: 'output', layers: 'last' })).toEqual(
      effective('acquisition', { score: 'entropy' }),
    )
    expect(effective('acquisition', { score: 'entropy-gradnorm', component: 'activation' })).not.toEqual(
      effective('acquisition', { score: 'entropy-gradnorm' }),
    )
    expect(effective('acquisition', { score: 'entropy-gradnorm', component: 'output', layers: 'last' })).toEqual(
      effective('acquisition', { score: 'entropy-gradnorm', component: 'output', normMode: 'global-l2' }),
    )
    expect(effective('acquisition', { score: 'variation-ratio', passes: 5 })).toEqual({
      score: 'variation-ratio',
      batch: 'topk',
      passes: 5,
    })
    expect(effective('entropy-gradnorm', { component: 'output', layers: 'last' })).toEqual(
      effective('entropy-gradnorm', { component: 'output' }),
    )
  })
})
