import { csvParse } from 'd3-dsv'
import { describe, expect, it } from 'vitest'
import type { RunInput } from '@engine/analysis'
import type { RoundRecord } from '@engine/study/events'
import { allTables, csvChunks, pairwiseCsv, roundsCsv, summaryCsv, tableNames, withoutTimes } from '@main/exporting/csv'
import { digitsRuns, resultsOf, runOf } from '../../support/digitsCurves'
import { roundRecord } from '../../support/records'

const record = (round: number, labeled: number, accuracy: number, rest: Partial<RoundRecord> = {}): RoundRecord => ({
  ...roundRecord(round, labeled, accuracy),
  trainLoss: 0.1 + 0.2,
  timings: { trainMs: 12.5, forwardMs: 1, scoreMs: 0.25, chooseMs: 0, updateMs: 0, evalMs: 3 },
  ...rest,
})

const picked = (row: number, score: number | null) => ({
  row,
  label: row % 3,
  score,
  predicted: score === null ? null : 1,
  confidence: score === null ? null : 0.5,
})

/** Two runs in the order in which they finished, with a factor that cannot change the first. */
const two: RunInput[] = [
  {
    hash: 'b2',
    dataset: 'wine',
    strategy: 'acq, "mine"',
    seed: 0,
    factors: { 'strategies.acq.batch': 'topk', 'model.hidden': [64, 32] },
    state: {
      status: 'finished',
      initial: [picked(5, null)],
      records: [
        record(0, 1, 0.5, {
          metrics: { accuracy: 0.5, nll: 1e-7, brier: NaN },
          selection: [picked(8, 2.5), picked(3, -1)],
          diversity: 1.25,
          diversityCumulative: 1.25,
          classEntropy: 1,
          mode: 'entropy',
          diagnostics: { deltaLogMe: 0.125, updates: 0 },
          overlap: [
            { shadow: 'entropy', jaccard: 1, spearman: null },
            { shadow: 'badge', jaccard: 0.25, spearman: -0.5 },
          ],
        }),
        record(1, 3, 0.75),
      ],
    },
  },
  {
    hash: 'a1',
    dataset: 'wine',
    strategy: 'random',
    seed: 0,
    factors: { 'strategies.acq.batch': null, 'model.hidden': [64, 32] },
    state: { status: 'finished', initial: [picked(5, null)], records: [record(0, 1, 0.5, { trainLoss: null }), record(1, 3, 1)] },
  },
]
const results = resultsOf(
  two,
  {},
  { study: 'tiny', strategies: ['random', 'acq, "mine"'], factors: ['strategies.acq.batch', 'model.hidden'] },
)

describe('result tables', () => {
  const tables = allTables(results)

  it('rounds.csv', () => {
    expect(tables.rounds).toBe(
      [
        'study,dataset,run,strategy,seed,round,labeled,accuracy,nll,macro_f1,ece,brier,train_loss,train_accuracy,steps,diversity,diversity_cumulative,class_entropy,mode,train_ms,forward_ms,score_ms,choose_ms,update_ms,eval_ms,factor:strategies.acq.batch,factor:model.hidden',
        'tiny,wine,a1,random,0,0,1,0.5,,,,,,1,1000,,,,,12.5,1,0.25,0,0,3,,"[64,32]"',
        'tiny,wine,a1,random,0,1,3,1,,,,,0.30000000000000004,1,1000,,,,,12.5,1,0.25,0,0,3,,"[64,32]"',
        'tiny,wine,b2,"acq, ""mine""",0,0,1,0.5,1e-7,,,,0.30000000000000004,1,1000,1.25,1.25,1,entropy,12.5,1,0.25,0,0,3,topk,"[64,32]"',
        'tiny,wine,b2,"acq, ""mine""",0,1,3,0.75,,,,,0.30000000000000004,1,1000,,,,,12.5,1,0.25,0,0,3,topk,"[64,32]"',
        '',
      ].join('\n'),
    )
  })

  it('selections.csv: the initial set is round 0, a batch the round after its query', () => {
    expect(tables.selections).toBe(
      [
        'study,dataset,run,strategy,seed,round,order,row,label,score,predicted,confidence',
        'tiny,wine,a1,random,0,0,0,5,2,,,',
        'tiny,wine,b2,"acq, ""mine""",0,0,0,5,2,,,',
        'tiny,wine,b2,"acq, ""mine""",0,1,0,8,2,2.5,1,0.5',
        'tiny,wine,b2,"acq, ""mine""",0,1,1,3,0,-1,1,0.5',
        '',
      ].join('\n'),
    )
  })

  it('diagnostics.csv and overlap.csv', () => {
    expect(tables.diagnostics).toBe(
      'study,dataset,run,strategy,seed,round,key,value\n' +
        'tiny,wine,b2,"acq, ""mine""",0,0,deltaLogMe,0.125\n' +
        'tiny,wine,b2,"acq, ""mine""",0,0,updates,0\n',
    )
    expect(tables.overlap).toBe(
      'study,dataset,run,strategy,seed,round,shadow,jaccard,spearman\n' +
        'tiny,wine,b2,"acq, ""mine""",0,0,entropy,1,\n' +
        'tiny,wine,b2,"acq, ""mine""",0,0,badge,0.25,-0.5\n',
    )
  })

  it('summary.csv and pairwise.csv', () => {
    expect(tables.summary).toBe(
      [
        'study,dataset,strategy,seeds,metric,aubc,aubc_lo,aubc_hi,aubc_early,aubc_late,final,final_lo,final_hi,ssr,ssr_lo,ssr_hi,ssr_censored,ssr_at,labels_to_target,select_ms,train_ms,factor:strategies.acq.batch,factor:model.hidden',
        'tiny,wine,random,1,accuracy,0.75,,,0.5625,0.8125,1,,,0,,,false,3,,2.5,25,,"[64,32]"',
        'tiny,wine,"acq, ""mine""",1,accuracy,0.625,,,0.53125,0.65625,0.75,,,-0.3333333333333333,,,false,3,,2.5,25,topk,"[64,32]"',
        '',
      ].join('\n'),
    )
    expect(tables.pairwise).toBe(
      'study,dataset,a,b,family,metric,seeds,mean_difference,lo,hi,p,p_adjusted,effect_size,wins,penalty,factor:strategies.acq.batch,factor:model.hidden\n' +
        'tiny,wine,"acq, ""mine""",random,vs-baseline,accuracy,1,-0.125,,,,,,0,,topk,"[64,32]"\n',
    )
  })

  it('have a header and nothing else when there is no run', () => {
    for (const name of tableNames) expect([...csvChunks(name, resultsOf([]))]).toHaveLength(1)
  })

  it('show finished rounds of an unfinished run in rounds, not in the summary', () => {
    const half = resultsOf([runOf('random', 0, [10, 20], [0.5, 0.6], { finished: false })])
    expect(csvParse(roundsCsv(half))).toHaveLength(2)
    expect(csvParse(summaryCsv(half))).toHaveLength(0)
  })

  it('round-trip every number', () => {
    const runs = digitsRuns(3)
    const rows = csvParse(roundsCsv(resultsOf(runs)))
    expect(rows.map((row) => Number(row.accuracy))).toEqual(
      runs.flatMap(({ state }) => state.records.map(({ metrics }) => metrics.accuracy)),
    )
    const [pair] = csvParse(pairwiseCsv(resultsOf(runs)))
    expect(Object.keys(pair)).toEqual(pairwiseCsv(resultsOf([])).trim().split(','))
  })

  it('do not depend on the order of the runs within a cell', () => {
    const runs = digitsRuns(4)
    const strategies = ['random', 'badge', 'margin', 'entropy']
    expect(allTables(resultsOf([...runs].reverse(), {}, { strategies }))).toEqual(allTables(resultsOf(runs, {}, { strategies })))
  })
})

describe('withoutTimes', () => {
  it('drops every column that ends in _ms and nothing else', () => {
    const header = (csv: string) => csv.split('\n', 1)[0].split(',')
    const rounds = roundsCsv(results)
    expect(header(withoutTimes(rounds))).toEqual(header(rounds).filter((name) => !name.endsWith('_ms')))
    expect(withoutTimes(rounds).split('\n')[3]).toBe(
      'tiny,wine,b2,"acq, ""mine""",0,0,1,0.5,1e-7,,,,0.30000000000000004,1,1000,1.25,1.25,1,entropy,topk,"[64,32]"',
    )
    expect(header(withoutTimes(summaryCsv(results)))).not.toContain('train_ms')
  })

  it('leaves other tables as they are', () => {
    const { selections } = allTables(results)
    expect(withoutTimes(selections)).toBe(selections)
    expect(withoutTimes('a_ms,b\n1,2\n')).toBe('b\n2\n')
  })
})
