// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import CheckList from '@/features/runs/CheckList.vue'
import DiagnosticList from '@/features/runs/DiagnosticList.vue'
import TimingBar from '@/features/runs/TimingBar.vue'
import { roundRecord } from '../../support/records'

const terms = { featureForwardMs: 5, proxyTrainMs: 20, proxyForwardMs: 2, selectMs: 1, checkTrainMs: 300, logmeMs: 4, featureUpdateMs: 50 }

describe('a run with a proxy', () => {
  const diagnosed: Readonly<Record<string, number>>[] = [
    { tuning: 1 },
    {
      tuning: 1,
      logme_ped_stored: 0.2,
      logme_ped_tuned: 0.19,
      logme_ped_delta: -0.01,
      tau: 0.03,
      above_tau: 0,
      feature_update: 0,
      b1: 2,
      b2: 1,
    },
    { tuning: 1, logme_ped_stored: 0.2, logme_ped_tuned: 0.35, logme_ped_delta: 0.15, tau: 0.03, above_tau: 1, feature_update: 1 },
    { tuning: 0, picked_loss: 1.5 },
  ]
  const records = diagnosed.map((diagnostics, round) => ({ ...roundRecord(round, 20 * 2 ** round, 0.5), mode: 'lp-ft', diagnostics }))

  it('lists its checks: lead, threshold, regions, features and the training that follows', () => {
    const cells = mount(CheckList, { props: { records } })
      .findAll('tbody tr')
      .map((row) => row.findAll('td').map((cell) => cell.text()))
    expect(cells).toEqual([
      ['1', '40', '−0.010 ≤ 0.03', '2 · 1', 'kept', 'LP-FT'],
      ['2', '80', '+0.150 > 0.03', '–', 'renewed', 'FT'],
    ])
    expect(mount(CheckList, { props: { records: records.slice(0, 1) } }).text()).toBe('')
  })

  it('keeps them out of the other diagnostics', () => {
    const text = mount(DiagnosticList, { props: { records } }).text()
    expect(text).toContain('true loss of the batch')
    for (const word of ['logme', 'tau', 'feature update', 'tuning', 'b1']) expect(text).not.toContain(word)
  })

  it('says what the terms of its time are', () => {
    const timings = { ...roundRecord(0, 0, 0).timings, evalMs: 110 }
    const text = mount(TimingBar, { props: { round: 2, timings, proxy: { ...terms, finalTrainMs: 100 } } })
      .findAll('.legend > div')
      .map((part) => part.text())
    expect(text).toEqual(['features55', 'proxy22', 'select1.0', 'check304', 'final training100', 'evaluate10'])
  })
})
