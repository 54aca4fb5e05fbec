import { describe, expect, it } from 'vitest'
import { readResults, type ColumnMap, type TableOrigin, type TidyRuns } from '@engine/analysis'
import { refusal } from '../../support/errors'

const read = (text: string, name = 'theirs.csv', map?: ColumnMap, origin?: TableOrigin): TidyRuns => readResults(name, text, map, origin)
const refused = (...args: Parameters<typeof read>) => refusal(() => read(...args))
const curves = ({ runs }: TidyRuns): unknown[] =>
  runs.map(({ dataset, strategy, seed, records }) => [dataset, strategy, seed, ...records.map((r) => [r.labeled, r.metrics.accuracy])])

describe('tables with one row per metric', () => {
  const header = 'strategy,seed,n_labelled,metric,value,split'
  const rows = ['badge,0,10,accuracy,0.5,test', 'badge,0,10,nll,1.5,test', 'badge,0,20,accuracy,0.6,test', 'badge,0,20,auroc,0.7,test']

  it('become one row per evaluation, with the metrics that are known and the test data', () => {
    const found = read([header, ...rows, 'badge,0,10,accuracy,0.9,train'].join('\n'))
    expect(curves(found)).toEqual([['data', 'badge', 0, [10, 0.5], [20, 0.6]]])
    expect(found.runs[0].records.map(({ metrics }) => metrics.nll)).toEqual([1.5, null])
    expect(found.notes).toContain('theirs.csv: metrics not used: auroc')
    expect(found.notes).toContain('theirs.csv: only rows with split test are used')
  })

  it('are refused by line: two values of one metric, several sets of data, no metric', async () => {
    expect(await refused([header, ...rows, 'badge,0,10,accuracy,0.6,test'].join('\n'))).toMatchObject({
      message: 'theirs.csv: lines 2 and 6 both give accuracy of the same evaluation',
      details: { line: 6 },
    })
    expect(await refused([header, 'badge,0,10,accuracy,0.5,a', 'badge,0,10,accuracy,0.6,b'].join('\n'))).toMatchObject({
      details: { path: 'split', found: 'a · b', expected: 'test' },
    })
    expect(await refused([header, 'badge,0,10,auroc,0.5,test'].join('\n'))).toMatchObject({ details: { found: 'auroc' } })
    expect(await refused([header, 'badge,0,10'].join('\n'))).toMatchObject({ details: { line: 2, found: '3 cells' } })
  })
})

describe('CDALBench', () => {
  const text = ',0,1\n0,0.4,0.45\n1,,\n2,0.5,0.55\n3,,\n'

  it('has the method and the data in its folders, a run per column, labels per row', () => {
    const found = read(text, 'accuracies.csv', {}, { path: '/x/runs/Splice/20/Badge/accuracies.csv' })
    expect(curves(found)).toEqual([
      ['Splice', 'Badge', 0, [0, 0.4], [2, 0.5]],
      ['Splice', 'Badge', 1, [0, 0.45], [2, 0.55]],
    ])
    const one = read(',7\n0,0.4\n1,0.5\n', 'accuracies.csv', { initial: '=100' }, { path: 'runs/Usps/1/Margin/run_7/accuracies.csv' })
    expect(curves(one)).toEqual([['Usps', 'Margin', 7, [100, 0.4], [101, 0.5]]])
    const losses = read(text, 'losses.csv', {}, { path: 'Splice/Badge/losses.csv' })
    expect(losses.runs[1].records[0].metrics).toEqual({ nll: 0.45 })
  })

  it('needs a name that tells the method where there are no folders', async () => {
    expect(await refused(text, 'accuracies.csv')).toMatchObject({ code: 'bad-input', details: { file: 'accuracies.csv' } })
    expect(curves(read(text, 'Badge.csv'))[0]).toEqual(['data', 'Badge', 0, [0, 0.4], [2, 0.5]])
    expect(await refused(`${text}4,0.5\n`, 'Badge.csv')).toMatchObject({ details: { line: 6 } })
  })
})

describe('OGAL', () => {
  const experiments = [
    'EXP_UNIQUE_ID,EXP_DATASET,EXP_STRATEGY,EXP_LEARNER_MODEL,EXP_BATCH_SIZE,EXP_RANDOM_SEED,EXP_START_POINT,EXP_TRAIN_TEST_BUCKET_SIZE,EXP_NUM_QUERIES',
    '12,3,7,1,5,0,0,0,3',
    '13,3,7,1,5,0,2,1,3',
  ].join('\n')
  const metric = 'EXP_UNIQUE_ID,0,1,2\n12,0.5,0.6,0.7\n13,0.4,0.5,\n'
  const path = '/x/full_exp/ALIPY_RANDOM/Iris/accuracy.csv'
  const beside = (file: string): string | null => (file === '../../05_done_workload.csv' ? experiments : null)

  it('is joined with the list of experiments above', () => {
    const found = read(metric, path, { initial: '=3' }, { path, beside })
    expect(curves(found)).toEqual([
      ['Iris', 'ALIPY_RANDOM', 0, [3, 0.5], [8, 0.6], [13, 0.7]],
      ['Iris', 'ALIPY_RANDOM', 1002e9, [3, 0.4], [8, 0.5]],
    ])
    expect(found.runs[0].factors).toEqual({ learner: 1, batch: 5 })
  })

  it('is read joined, and as a time series', () => {
    const joined = [`${experiments.split('\n')[0]},0,1`, `${experiments.split('\n')[1]},0.5,0.6`].join('\n')
    expect(curves(read(joined, 'accuracy.csv'))).toEqual([['3', '7', 0, [0, 0.5], [5, 0.6]]])
    expect(curves(read(joined, 'merged.csv', { metric: '=accuracy' }))).toHaveLength(1)
    const series = [
      'EXP_DATASET,EXP_STRATEGY,EXP_START_POINT,EXP_BATCH_SIZE,EXP_LEARNER_MODEL,EXP_TRAIN_TEST_BUCKET_SIZE,ix,EXP_UNIQUE_ID_ix,metric_value',
      '3,7,0,5,1,0,0,12_0,0.5',
      '3,7,0,5,1,0,1,12_1,0.6',
    ].join('\n')
    expect(curves(read(series, 'accuracy.csv'))).toEqual([['3', '7', 0, [0, 0.5], [5, 0.6]]])
  })

  it('is refused without its experiments, with unknown ones, other metrics, and packed', async () => {
    expect(await refused(metric, 'accuracy.csv')).toMatchObject({ details: { path: 'EXP_UNIQUE_ID' } })
    expect(await refused(`${metric}14,0.5,0.5,0.5\n`, path, {}, { path, beside })).toMatchObject({ details: { line: 4, found: '14' } })
    const other = path.replace('accuracy', 'weighted_recall')
    expect(await refused(metric, other, {}, { path: other, beside })).toMatchObject({ details: { found: 'weighted_recall' } })
    expect(await refused(new TextDecoder().decode(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2)), 'accuracy.csv.xz')).toMatchObject({
      details: { found: 'xz' },
    })
  })
})

describe('W&B', () => {
  const chart = [
    '"Step","badge-seed1 - test/accuracy","badge-seed1 - test/accuracy__MIN","badge-seed1 - test/accuracy__MAX","random - seed 2 - test/accuracy"',
    '"0","0.5","0.5","0.5",""',
    '"1","0.6","0.6","0.6","0.4"',
  ].join('\n')

  it('exports charts with a column per run', async () => {
    const found = read(chart, 'chart.csv', { initial: '=10', batch: '=5' })
    expect(curves(found)).toEqual([
      ['data', 'badge', 1, [10, 0.5], [15, 0.6]],
      ['data', 'random', 2, [15, 0.4]],
    ])
    expect(curves(read(chart, 'chart.csv', { labeled: 'Step' }))[0]).toEqual(['data', 'badge', 1, [0, 0.5], [1, 0.6]])
    expect(await refused(chart, 'chart.csv')).toMatchObject({ details: { expected: 'labeled' } })
    expect(await refused(`${chart}\n"2","0.5"`, 'chart.csv', { labeled: 'Step' })).toMatchObject({ details: { line: 4 } })
  })

  it('says when a line of a chart is a mean of several runs', () => {
    const grouped = 'n_labels,badge - accuracy,badge - accuracy__MIN,badge - accuracy__MAX\n10,0.5,0.4,0.6\n20,0.6,0.5,0.7\n'
    expect(read(grouped).notes.join()).toContain('badge is a mean of several values')
  })

  it('gives histories as JSON lines and CSV, where a row holds what was logged at its step', async () => {
    const lines =
      '{"_step":0,"loss":2.1}\n{"_step":1,"accuracy":0.5,"n_labels":10,"cfg":{"seed":3}}\n\n{"_step":3,"accuracy":0.6,"n_labels":20,"cfg":{"seed":3}}\n'
    const map = { strategy: '=badge', seed: '=3' }
    expect(curves(read(lines, 'wandb-history.jsonl', map))).toEqual([['data', 'badge', 3, [10, 0.5], [20, 0.6]]])
    expect(curves(read(',_step,test/accuracy,labels\n0,0,0.5,10\n1,1,,\n', 'history.csv', map))).toEqual([['data', 'badge', 3, [10, 0.5]]])
    expect(await refused(`${lines}{"_step":`, 'h.jsonl', map)).toMatchObject({ message: expect.stringContaining('line 5') as string })
    expect(await refused(`${lines}7`, 'h.jsonl', map)).toMatchObject({ details: { line: 5 } })
  })
})

describe('facts that a table lacks', () => {
  it('are given as constants', async () => {
    const text = 'strategy,round,accuracy\nbadge,0,0.5\nbadge,1,0.6\n'
    expect(curves(read(text, 't.csv', { seed: '=4', initial: '=20', batch: '=10' }))).toEqual([['data', 'badge', 4, [20, 0.5], [30, 0.6]]])
    expect(await refused(text, 't.csv', { seed: '=4', batch: 'ten' })).toMatchObject({ details: { path: '--map', found: 'ten' } })
  })
})
