import { expect, it } from 'vitest'
import { diagnosticTitle, spreadRows } from '@engine/analysis/diagnosticWords'

it.each([
  ['picked_loss', 'true loss of the batch'],
  ['score_loss_spearman.entropy', 'rank correlation of score and true loss, entropy'],
  ['weight_1_core-set', 'weight of core-set'],
  ['chance_0_badge', 'chance of badge'],
  ['some_new_key', 'some new key'],
])('%s is called: %s', (key, title) => {
  expect(diagnosticTitle(key)).toBe(title)
})

it('measures stand beside what they are among random sets', () => {
  const diagnostics = {
    'batch.vendi': 4,
    'batch.vendi.ratio': 0.8,
    'batch.vendi.z': -2,
    'batch.log_det': 7,
    'cumulative.vendi': 9,
    reward: 1,
  }
  expect(spreadRows(diagnostics, 'batch')).toEqual([
    { key: 'batch.log_det', title: 'log-determinant', value: 7, ratio: null, z: null },
    { key: 'batch.vendi', title: 'Vendi score', value: 4, ratio: 0.8, z: -2 },
  ])
  expect(spreadRows(diagnostics, 'cumulative')).toMatchObject([{ key: 'cumulative.vendi', value: 9 }])
  expect(spreadRows({}, 'batch')).toEqual([])
})
