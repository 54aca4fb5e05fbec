import { describe, expect, it } from 'vitest'
import { figures } from '@figures/registry'
import { createAnalysis, type FromAnalysis, type ToAnalysis } from '@/features/compare/analyst/analysis'
import { createAnalyst, type AnalysisPort } from '@/features/compare/analyst/analyst'
import { packRun, unpackRun } from '@/features/compare/analyst/packing'
import { compare } from '@/features/compare/comparison'
import { figureResults } from '../../support/figureResults'

const view = { dataset: 'digits', metric: 'accuracy', baseline: 'random', facet: {} } as const

/** An analysis over copies, and what went to it. */
function analystHere() {
  const sent: ToAnalysis[] = []
  const port: AnalysisPort = (receive) => {
    const analysis = createAnalysis((message: FromAnalysis) => receive(structuredClone(message)))
    return (message) => {
      sent.push(message)
      analysis(structuredClone(message))
    }
  }
  return { analyst: createAnalyst(port), sent }
}
const never = new AbortController().signal

describe('packing', () => {
  it('keeps everything of a run but its loss curves', () => {
    for (const run of figureResults({ seeds: 1 }).runs)
      expect(unpackRun(structuredClone(packRun(run)))).toEqual({
        ...run,
        records: run.records.map((record) => ({ ...record, lossCurve: [] })),
      })
  })
})

describe('analyst', () => {
  it('answers as if it had the results itself, and sends a run once', async () => {
    const { analyst, sent } = analystHere()
    const results = figureResults()
    const answer = await analyst.ask(results, { kind: 'comparison', view }, never)
    expect(answer).toEqual(compare(results, view))
    const changed = { ...results, runs: results.runs.map((run, i) => (i === 3 ? { ...run, complete: false } : run)) }
    const next = await analyst.ask(changed, { kind: 'comparison', view }, never)
    expect(next).toMatchObject({ finished: results.runs.length - 1 })
    const packed = sent.flatMap((message) => (message.type === 'runs' ? message.runs.map(({ key }) => key) : []))
    expect(packed).toHaveLength(results.runs.length + 1)
  })

  it('computes figures that are drawn elsewhere as they would be here', async () => {
    const { analyst } = analystHere()
    const results = figureResults({ oracles: ['margin'] })
    const choices = { baseline: 'random', panels: false }
    const box = { theme: 'dark', width: 700, height: 500, fontFamily: 'serif', fontSizePx: 12 } as const
    for (const figure of ['learning-curves', 'penalty', 'wins', 'at-budget', 'cost', 'classes', 'reliability', 'overlap'] as const) {
      const answer = await analyst.ask(results, { kind: 'figure', figure, choices }, never)
      expect(answer?.reason).toBeNull()
      const here = { ...results }
      figures[figure].adopt(here, choices, answer?.data)
      expect(JSON.stringify(figures[figure].build(here, choices, box))).toBe(JSON.stringify(figures[figure].build(results, choices, box)))
    }
  })

  it('says why a figure cannot be drawn', async () => {
    const { analyst } = analystHere()
    const answer = await analyst.ask(figureResults(), { kind: 'figure', figure: 'main-effects', choices: {} }, never)
    expect(answer).toEqual({ reason: expect.stringContaining('no factors') as string, data: null })
  })

  it('leaves out what was dropped and what later results made pointless', async () => {
    const { analyst } = analystHere()
    const results = figureResults()
    const abort = new AbortController()
    const dropped = analyst.ask(results, { kind: 'tests', view }, abort.signal)
    abort.abort()
    const stale = analyst.ask(results, { kind: 'findings', view }, never)
    const latest = analyst.ask({ ...results }, { kind: 'budget', view, labels: 30 }, never)
    expect(await dropped).toBeNull()
    expect(await stale).toBeNull()
    expect((await latest)?.map(({ strategy }) => strategy)).toEqual(results.strategies)
  })

  it('rejects when the analysis fails', async () => {
    const { analyst } = analystHere()
    const choices = { metric: 'nothing' } as unknown as { metric: 'nll' }
    await expect(analyst.ask(figureResults(), { kind: 'figure', figure: 'learning-curves', choices }, never)).rejects.toThrow()
  })
})
