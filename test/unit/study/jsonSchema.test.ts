import { describe, expect, it } from 'vitest'
import { strategyCatalog } from '@engine/study/catalog'
import { studyJsonSchema } from '@engine/study/jsonSchema'
import { strategies } from '@engine/strategies/registry'

describe('studyJsonSchema', () => {
  it('is the one that is published; `npx vitest run -u` writes it', async () => {
    await expect(`${JSON.stringify(studyJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../../resources/study.schema.json')
  })

  it('knows every strategy with its parameters', () => {
    const catalog = strategyCatalog()
    expect(catalog.map(({ id }) => id)).toEqual([...strategies.keys()])
    const acquisition = catalog.find(({ id }) => id === 'acquisition')
    expect(acquisition?.parameters.batch).toMatchObject({ enum: ['topk', 'kmeans++', 'kcenter'], default: 'topk', title: 'Batch' })
    expect(catalog.find(({ id }) => id === 'replay')?.required).toEqual(['selections'])
    expect(catalog.filter(({ isLine }) => isLine).map(({ id }) => id)).toEqual(['full-data'])
  })
})
