import { describe, expect, it } from 'vitest'
import { checkStudy } from '@engine/study/schema'
import { studyJsonSchema } from '@engine/study/jsonSchema'
import { strategyCatalog } from '@engine/study/catalog'
import { gridOf, drawnCells } from '@/features/design/gridModel'
import { kindOf, parseLoose, parseNumbers, propertiesOf, valueText } from '@/features/design/fieldSchema'
import { addStrategy, duplicateStrategy, removeStrategy, renameStrategy, setLevels, setModelType } from '@/features/design/studyEdits'
import { ablationStudy } from '../../support/memoryContent'

const study = (text: string) => {
  const { study: checked, findings } = checkStudy(text, { file: 'study.yaml' })
  if (!checked) throw new Error(findings.map(({ message }) => message).join('; '))
  return checked
}

describe('ablation chips', () => {
  it('turn one level into a value and two into a factor, in a fixed order', () => {
    const order = ['reinit-fresh', 'carry', 'shrink-perturb']
    const single = setLevels(ablationStudy, 'training.weightStart', ['carry'], order)
    expect(study(single)).toMatchObject({
      training: { weightStart: 'carry' },
      ablate: { 'strategies.acq.score': ['entropy-gradnorm', 'entropy'] },
    })
    expect(study(single).ablate).not.toHaveProperty('training.weightStart')
    const three = setLevels(single, 'training.weightStart', ['shrink-perturb', 'carry', 'reinit-fresh'], order)
    expect(study(three).ablate['training.weightStart']).toEqual(order)
    expect(setLevels(three, 'training.weightStart', [], order)).toBe(three)
  })

  it('set the parameter of the named strategy', () => {
    const text = setLevels(ablationStudy, 'strategies.acq.score', ['entropy'])
    expect(study(text).strategies[2].params).toMatchObject({ score: 'entropy' })
    expect(study(setLevels(text, 'strategies.acq.batch', ['topk', 'kmeans++'])).ablate['strategies.acq.batch']).toEqual([
      'topk',
      'kmeans++',
    ])
  })

  it('leave no empty section and keep comments', () => {
    const text = setLevels(setLevels(ablationStudy, 'training.weightStart', ['reinit-fresh']), 'strategies.acq.score', ['entropy-gradnorm'])
    expect(text).not.toContain('ablate')
    for (const comment of ['# Does the gradient norm add', '# six pairs give a p-value', '# two per class']) expect(text).toContain(comment)
  })
})

describe('strategies', () => {
  it('are added under a free name', () => {
    const text = addStrategy(addStrategy(ablationStudy, 'margin'), 'margin')
    expect(study(text).strategies.map(({ name }) => name)).toEqual(['random', 'badge', 'acq', 'margin', 'margin-2'])
    expect(study(duplicateStrategy(text, 2)).strategies.at(-1)).toMatchObject({
      id: 'acquisition',
      name: 'acq-2',
      params: { score: 'entropy-gradnorm' },
    })
  })

  it('are renamed wherever the study calls them', () => {
    const text = renameStrategy(ablationStudy, 2, 'gradient norm')
    expect(study(text).ablate).toHaveProperty(['strategies.gradient norm.score'])
    const baseline = renameStrategy(ablationStudy, 0, 'chance')
    expect(study(baseline)).toMatchObject({ stats: { baseline: 'chance' }, strategies: [{ id: 'random', name: 'chance' }, {}, {}] })
    expect(study(renameStrategy(baseline, 0, 'random')).strategies[0].name).toBe('random')
  })

  it('take their factors and the baseline with them', () => {
    const text = removeStrategy(removeStrategy(ablationStudy, 2), 0)
    expect(study(text)).toMatchObject({ strategies: [{ name: 'badge' }], stats: { baseline: 'badge' } })
    expect(Object.keys(study(text).ablate)).toEqual(['training.weightStart'])
  })

  it('keep the fields that a new network has too', () => {
    const text = setModelType(ablationStudy, 'linear', ['init'])
    expect(study(text).model).toEqual({ type: 'linear', init: 'he-uniform' })
  })
})

describe('form from schema', () => {
  it('knows a control for every field of every section and strategy', () => {
    const properties = propertiesOf(studyJsonSchema())
    const kinds = Object.fromEntries(
      ['data', 'training', 'protocol', 'stats', 'run'].flatMap((section) =>
        Object.entries(propertiesOf(properties[section])).map(([name, schema]) => [`${section}.${name}`, kindOf(schema).kind]),
      ),
    )
    expect(kinds).toMatchObject({
      'data.test': 'text',
      'data.split': 'text',
      'training.optimizer': 'choice',
      'training.nesterov': 'switch',
      'training.learningRate': 'number',
      'training.milestones': 'numbers',
      'protocol.vary': 'choices',
      'protocol.subPool': 'number',
      'stats.target': 'number',
      'stats.windows': 'numbers',
      'run.jobs': 'text',
    })
    for (const { id, parameters } of strategyCatalog())
      for (const [name, schema] of Object.entries(parameters)) {
        const kind = kindOf(schema)
        expect(kind.kind === 'choice' ? kind.values.length : 2, `${id}.${name}`).toBeGreaterThan(1)
      }
  })

  it('reads what people type', () => {
    expect(['provided', '0.2', '500', '', ' 1e-3 '].map(parseLoose)).toEqual(['provided', 0.2, 500, null, 0.001])
    expect(parseNumbers('128, 64')).toEqual([128, 64])
    expect(parseNumbers('128, x')).toBeNull()
    expect([[128, 64], null, 'a', 0.5, true].map(valueText)).toEqual(['128, 64', '', 'a', '0.5', 'true'])
  })
})

describe('live grid', () => {
  it('has a row per strategy and own level, a column per study-wide level', () => {
    const grid = gridOf(study(ablationStudy), null)
    expect(grid.columns).toEqual(['cold', 'warm'])
    expect(grid.rows.map(({ strategy, detail }) => [strategy, detail])).toEqual([
      ['random', ''],
      ['badge', ''],
      ['acq', 'gradient norm'],
      ['acq', 'entropy'],
    ])
    expect(grid).toMatchObject({ runs: 48, cells: 8, fits: 48 * 9 })
  })

  it('stretches a run over levels that cannot change it', () => {
    // Without minibatches of order or shrinking, `shrink` matters to no cold start.
    const grid = gridOf(
      study(ablationStudy.replace('  training.weightStart: [reinit-fresh, carry]', '  training.shrink: [0.5, 0.9]')),
      null,
    )
    expect(grid.columns).toHaveLength(2)
    for (const row of grid.rows) expect(drawnCells(row)).toEqual([{ seeds: 6, computed: 0, span: 2 }])
    expect(grid.runs).toBe(24)
  })
})
