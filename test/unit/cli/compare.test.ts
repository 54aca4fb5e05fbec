import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cliFolder } from '../../support/cliFolder'
import { madeResults, plainStudy, storeResults } from '../../support/paperTwin'

interface Answer {
  readonly runs: number
  readonly strategies: readonly string[]
  readonly sentence: string
  readonly summary: readonly Record<string, unknown>[]
  readonly pairwise: readonly Record<string, unknown>[]
  readonly ranks: { readonly reason: string | null }
  readonly findings: readonly { readonly code: string }[]
}

const cli = cliFolder()
const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await cli.run('compare', ...argv, '--json')
  return { code, stderr, out: JSON.parse(stdout) as Answer }
}

/** Eight seeds of two or three methods over three budgets; `better` is ahead of `random` by a little. */
function table(
  header: string,
  row: (method: string, seed: number, n: number, accuracy: number) => string,
  methods = ['random', 'better'],
): string {
  const lines = methods.flatMap((method, m) =>
    Array.from({ length: 8 }, (_, seed) => seed).flatMap((seed) =>
      [50, 100, 150].map((n) => row(method, seed, n, 0.5 + n / 500 + m * 0.03 + seed / 1000 + ((seed * n) % 7) / 2000 + m * seed * 1e-4)),
    ),
  )
  return `${[header, ...lines].join('\n')}\n`
}
const tidy = table('strategy,seed,labeled,accuracy', (method, seed, n, accuracy) => [method, seed, n, accuracy].join(','))

describe('compare', () => {
  it('reads columns of rounds.csv without a word', async () => {
    cli.write('tidy.csv', tidy)
    const { code, out, stderr } = await json('tidy.csv')
    expect([code, stderr]).toEqual([0, ''])
    expect(out).toMatchObject({ metric: 'accuracy', baseline: 'random', runs: 16, notes: [], findings: [] })
    expect(out.pairwise).toMatchObject([{ a: 'better', b: 'random', seeds: 8, p: 0.0078125, p_adjusted: 0.0078125, wins: 8, penalty: 1 }])
    expect(out.summary[1]).toMatchObject({ strategy: 'better', seeds: 8, ssr_censored: true, train_ms: null })
    expect(out.sentence).toContain('n = 8 paired seeds')
    expect(out.ranks.reason).toContain('at least 6 settings')
  })

  it('guesses the names of others and says so; --map decides', async () => {
    cli.write(
      'alien.csv',
      table('Algorithm;trial;n_labelled;test_acc;gpu', (m, s, n, a) => [m, s, n, 100 * a, 'a'].join(';')),
    )
    const { out, stderr } = await json('alien.csv')
    expect(out.pairwise[0]).toMatchObject({ seeds: 8, wins: 8 })
    for (const note of ['strategy = Algorithm', 'labeled = n_labelled', 'in percent', 'not used: gpu']) expect(stderr).toContain(note)
    cli.write('odd.csv', tidy.replace('strategy,seed,labeled', 'who,which,howmany'))
    expect((await cli.run('compare', 'odd.csv')).stderr).toContain('--map strategy=')
    expect((await json('odd.csv', '--map', 'strategy=who,seed=which', '--map', 'labeled=howmany')).out.runs).toBe(16)
  })

  it.each([
    ['an unknown column of ours', ['tidy.csv', '--map', 'stratgy=strategy'], 'strategy'],
    ['an unknown column of theirs', ['tidy.csv', '--map', 'strategy=strategi'], 'strategy'],
    ['an unknown baseline', ['tidy.csv', '--baseline', 'randm'], 'random'],
    ['a metric without values', ['tidy.csv', '--metric', 'nll'], 'accuracy'],
    ['a missing file', ['nowhere.csv'], 'nowhere.csv'],
  ])('refuses %s', async (_, argv, hint) => {
    const { code, stderr, stdout } = await cli.run('compare', ...argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(hint)
    expect(stderr).not.toContain('    at ')
  })

  it.each([
    ['words for numbers', tidy.replace(/random,0,100,[^\n]*/, 'random,0,100,good'), 'line 3'],
    ['a comma too many', tidy.replace(/random,0,100/, 'random,0,,100'), 'line 3'],
    ['a row twice', `${tidy}random,0,50,0.9\n`, 'lines 2 and 50'],
    [
      'two runs that a column tells apart',
      table('lr,strategy,seed,labeled,accuracy', (m, s, n, a) => [1, m, s, n, a].join(',')) +
        table('', (m, s, n, a) => [2, m, s, n, a].join(',')).trim() +
        '\n',
      'factor:lr=lr',
    ],
    ['a header alone', 'strategy,seed,labeled,accuracy\n', 'no rows'],
    ['nothing', '', 'no rows'],
    ['rates above 100', tidy.replace(/random,0,100,[^\n]*/, 'random,0,100,730'), '730'],
  ])('refuses a table with %s', async (_, text, hint) => {
    cli.write('bad.csv', text)
    const { code, stderr } = await cli.run('compare', 'bad.csv')
    expect(code).toBe(2)
    expect(stderr).toContain(hint)
  })

  it('reports gaps, missing seeds and unequal budgets, and goes on with what is shared', async () => {
    const lines = tidy.replace(/random,1,100,[^\n]*/, 'random,1,100,NaN').split('\n')
    cli.write('gaps.csv', lines.filter((line) => !/^better,7,/.test(line) && !/^random,[0-9],150/.test(line)).join('\n'))
    const { code, out, stderr } = await json('gaps.csv')
    expect(code).toBe(0)
    expect(out.pairwise).toMatchObject([{ seeds: 6 }])
    expect(out.findings.map(({ code: kind }) => kind).sort()).toEqual(['missing-seeds', 'missing-values', 'unequal-budgets'])
    expect(stderr).toContain('no value in line')
    expect(stderr).toContain('50–100 labels')
  })

  it('shows a single seed without band or test', async () => {
    cli.write(
      'one.csv',
      tidy
        .split('\n')
        .filter((line) => !/^\w+,[1-7],/.test(line))
        .join('\n'),
    )
    const { code, out } = await json('one.csv')
    expect(code).toBe(0)
    expect(out.pairwise).toMatchObject([{ seeds: 1, lo: null, hi: null, p: null, effect_size: null, penalty: null }])
    expect(out.summary[1]).toMatchObject({ aubc_lo: null, ssr_lo: null })
  })

  it('keeps equal strategies of two sources apart, and equal runs once', async () => {
    cli.write('again.csv', tidy)
    cli.write('other.csv', tidy.replace(/(better.*)\n/g, '$11\n'))
    const same = await json('tidy.csv', 'again.csv')
    expect(same.out.runs).toBe(16)
    expect(same.stderr).toContain('count once')
    const { out } = await json('tidy.csv', 'other.csv')
    expect(out.strategies).toEqual(['random', 'better', 'better (other.csv)'])
  })

  it('writes tables with --out and prints the penalty matrix', async () => {
    const { code, stdout } = await cli.run('compare', 'tidy.csv', '--penalty', '--out', 'made/tables')
    expect(code).toBe(0)
    expect(stdout).toMatch(/penalty\s+random\s+better/)
    for (const name of ['summary', 'pairwise', 'penalty']) expect(existsSync(cli.path(`made/tables/${name}.csv`))).toBe(true)
    await cli.run('compare', 'tidy.csv', '--out', 'pairs.csv')
    expect(readFileSync(cli.path('pairs.csv'), 'utf8')).toMatch(/^study,dataset,a,b,/)
  })

  it('reads a result folder, alone and beside a table', async () => {
    await storeResults(madeResults(plainStudy('[random, margin]')), cli.path('results'))
    const alone = await json('results')
    expect(alone).toMatchObject({ code: 0, out: { runs: 16, baseline: 'random', metric: 'accuracy' } })
    expect(alone.out.pairwise).toMatchObject([{ a: 'margin', b: 'random', seeds: 8 }])
    expect(alone.out.sentence).toContain('Conditional on this split')
    cli.write('tidy.csv', tidy)
    const both = await json('results', 'tidy.csv')
    expect(both).toMatchObject({ code: 0, out: { runs: 32 } })
  })
})
