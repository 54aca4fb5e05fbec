import { beforeAll, describe, expect, it } from 'vitest'
import { writeNpy } from '@engine/data/npy'
import { writeSafetensors } from '@engine/data/safetensors'
import { cliFolder, numbersOf } from '../support/cliFolder'
import badge from './data/badge.json'
import coreSet from './data/core-set.json'
import alignment from './data/gradient-alignment.json'
import gradientNorm from './data/entropy-gradient-norm.json'
import typiclust from './data/typiclust.json'
import uncertainty from './data/uncertainty.json'

type Nested = readonly (number | Nested)[]

const flat = (values: Nested): number[] => values.flatMap((value) => (typeof value === 'number' ? value : flat(value)))

function shapeOf(values: Nested): number[] {
  const [first] = values
  return typeof first === 'number' ? [values.length] : [values.length, ...shapeOf(first)]
}

const npy = (values: Nested): Uint8Array => writeNpy(Float64Array.from(flat(values)), shapeOf(values))

function expectClose(found: readonly number[], expected: readonly number[], relative: number, scale = 0): void {
  expect(found).toHaveLength(expected.length)
  found.forEach((value, i) =>
    expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(relative * Math.max(Math.abs(expected[i]), scale) + 1e-15),
  )
}

describe('score, select and measure agree with code of others', () => {
  const cli = cliFolder()
  const scored = async (...argv: string[]): Promise<number[]> => {
    const { code, stdout, stderr } = await cli.run('score', ...argv)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    return numbersOf(stdout).map(([, score]) => score)
  }

  beforeAll(() => {
    cli.write('logits.npy', npy(uncertainty.logits))
    cli.write('probs.npy', npy(uncertainty.given_probabilities.probabilities))
    cli.write('badge-probs.npy', npy(badge.probabilities))
    cli.write('badge-features.npy', npy(badge.features))
    cli.write('badge-weight.npy', npy(badge.weight))
    cli.write('badge-bias.npy', npy(badge.bias))
    cli.write('points.npy', npy(coreSet.features))
    cli.write('typical.npy', npy(typiclust.features))
    cli.write('clusters.npy', npy(typiclust.clusters))
    for (const [name, { parameters, input }] of Object.entries({ mlp: gradientNorm.mlp, cnn: gradientNorm.cnn })) {
      const tensors = Object.entries(parameters).map(
        ([key, values]) => [key, { data: Float64Array.from(flat(values)), shape: shapeOf(values) }] as const,
      )
      cli.write(`${name}.safetensors`, writeSafetensors(Object.fromEntries(tensors)))
      cli.write(`${name}-inputs.npy`, npy(input))
    }
    const tensors = Object.entries(alignment.parameters).map(
      ([key, values]) => [key.replace('net.', ''), { data: Float64Array.from(flat(values)), shape: shapeOf(values) }] as const,
    )
    cli.write('aligned.safetensors', writeSafetensors(Object.fromEntries(tensors)))
    cli.write('aligned-pool.npy', npy(alignment.pool))
    cli.write('aligned-target.npy', npy(alignment.validation.x))
    cli.write('aligned-labels.npy', npy(alignment.validation.y))
    const convolution = { type: 'conv2d', padding: 1 }
    const block = [{ type: 'relu' }, { type: 'maxpool2d', size: 2 }]
    cli.write('cnn.json', JSON.stringify([convolution, ...block, convolution, ...block, { type: 'flatten' }, { type: 'dense' }]))
  })

  it.each([
    ['entropy', 'entropy', 1],
    ['margin', 'margin', -1],
    ['least-confidence', 'least_confidence', 1],
  ] as const)('score %s', async (id, key, sign) => {
    expectClose(
      await scored(id, '--logits', 'logits.npy'),
      uncertainty.modal[key].map((value) => sign * value),
      1e-9,
      1e-6,
    )
    expectClose(
      await scored(id, '--probs', 'probs.npy'),
      uncertainty.given_probabilities.modal[key].map((value) => sign * value),
      1e-9,
      1e-6,
    )
  })

  it('select uncertain rows in the order of the BADGE repository', async () => {
    const { order, rows_left_out } = uncertainty.badge_repo_selection
    for (const [id, key] of [
      ['entropy', 'entropy'],
      ['margin', 'margin'],
      ['least-confidence', 'least_confidence'],
    ] as const) {
      const { stdout } = await cli.run('select', id, '--logits', 'logits.npy', '--labeled', rows_left_out.join(), '--k', '12', '--json')
      // of equal scores we take the lower row, they do not
      const values = uncertainty.modal[key]
      expect((JSON.parse(stdout) as { rows: number[] }).rows.map((row) => values[row])).toEqual(order[key].map((row) => values[row]))
    }
  })

  it('score badge: squared norms, and distances to what was chosen', async () => {
    const files = ['--probs', 'badge-probs.npy', '--features', 'badge-features.npy']
    expectClose(await scored('badge', ...files), badge.squared_norm, 1e-9)
    const scale = Math.max(...badge.squared_norm)
    for (const t of [0, 4, badge.d2.length - 1]) {
      const chosen = badge.sequence.slice(0, t + 1)
      expectClose(await scored('badge', ...files, '--chosen', chosen.join()), badge.d2[t], 1e-6, scale)
    }
  })

  it('score badge from the last layer instead of probabilities', async () => {
    const files = ['--features', 'badge-features.npy', '--weights', 'badge-weight.npy', '--bias', 'badge-bias.npy']
    expectClose(await scored('badge', ...files), badge.squared_norm, 1e-8, 1e-6)
  })

  it('select badge starts at the longest gradient', async () => {
    const { stdout } = await cli.run(
      'select',
      'badge',
      '--probs',
      'badge-probs.npy',
      '--features',
      'badge-features.npy',
      '--k',
      '5',
      '--seed',
      '3',
    )
    const picks = numbersOf(stdout)
    expect(picks.map(([order]) => order)).toEqual([0, 1, 2, 3, 4])
    expect(picks[0][1]).toBe(badge.first_index)
    expect(new Set(picks.map(([, row]) => row)).size).toBe(5)
  })

  it('select core-set', async () => {
    const { stdout } = await cli.run(
      'select',
      'core-set',
      '--features',
      'points.npy',
      '--labeled',
      coreSet.labelled.join(),
      '--k',
      '20',
      '--json',
    )
    const { picks } = JSON.parse(stdout) as { picks: { row: number; score: number }[] }
    expect(picks.map(({ row }) => row)).toEqual(coreSet.sequence)
    expectClose(
      picks.map(({ score }) => score),
      coreSet.radius,
      1e-6,
    )
  })

  it.each([
    ['typicality', ['--squared'], 1e-3],
    ['skactiveml_typicality', [], 1e-4],
  ] as const)('score typiclust: %s', async (key, flags, relative) => {
    const scores = await scored('typiclust', '--features', 'typical.npy', '--clusters', 'clusters.npy', ...flags)
    for (const cluster of Object.values(typiclust.per_cluster))
      expectClose(
        cluster.indices.map((row) => scores[row]),
        cluster[key],
        relative,
      )
  })

  it('select typiclust for a given clustering', async () => {
    const labeled = ['--labeled', typiclust.labelled.join(','), '--k', String(typiclust.budget)]
    const files = ['--features', 'typical.npy', '--clusters', 'clusters.npy']
    const { stdout, stderr } = await cli.run('select', 'typiclust', ...files, ...labeled, '--squared')
    expect(stderr).toBe('')
    expect(numbersOf(stdout).map(([, row]) => row)).toEqual(typiclust.selection)
  })

  it('score alignment against one labelled input at a time, and refuses what does not fit', async () => {
    const files = ['--model', 'aligned.safetensors', '--inputs', 'aligned-pool.npy', '--layers', 'all', '--similarity', 'cos']
    for (const [j, label] of alignment.validation.y.entries()) {
      cli.write('one.npy', npy([alignment.validation.x[j]]))
      cli.write('label.npy', npy([label]))
      const target = ['--target-inputs', 'one.npy', '--target-labels', 'label.npy']
      const expected = alignment.alignment.map((row) => row[j])
      expectClose(await scored('alignment', ...files, ...target, '--sign', '-1'), expected, 1e-8)
      expectClose(
        await scored('alignment', ...files, ...target),
        expected.map((value) => -value),
        1e-8,
      )
    }
    const failed = await cli.run('score', 'alignment', ...files, '--target-inputs', 'aligned-target.npy', '--target-labels', 'label.npy')
    expect(failed.code).toBe(2)
    expect(failed.stderr).toContain('label.npy has 1 rows, aligned-target.npy 4')
    const bare = await cli.run('score', 'alignment', '--probs', 'probs.npy')
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('--target-inputs')])
    const selected = await cli.run('select', 'alignment', '--probs', 'badge-probs.npy', '--features', 'badge-features.npy', '--k', '3')
    expect([selected.code, selected.stderr]).toEqual([2, expect.stringContaining('labelled validation rows')])
    const pool = ['--probs', 'badge-probs.npy', '--features', 'badge-features.npy', '--target', 'pool-pseudo', '--k', '3']
    expect((await cli.run('select', 'alignment', ...pool)).code).toBe(0)
  })

  it.each(['mlp', 'cnn'] as const)('score entropy-gradnorm of the %s', async (name) => {
    const reference = gradientNorm[name]
    const files = [
      '--model',
      `${name}.safetensors`,
      '--inputs',
      `${name}-inputs.npy`,
      ...(name === 'cnn' ? ['--architecture', 'cnn.json'] : []),
    ]
    expectClose(await scored('entropy-gradnorm', ...files), reference.lplgrad_entropy_gradnorm, 1e-8)
    expectClose(await scored('entropy-gradnorm', ...files, '--norm-mode', 'global-l2'), reference.global_norm_all_layers, 1e-8)
    expectClose(
      await scored('entropy-gradnorm', ...files, '--layers', 'last', '--norm-mode', 'global-l2'),
      reference.global_norm_last_layer,
      1e-8,
    )
    expectClose(await scored('entropy', ...files), reference.entropy, 1e-9, 1e-6)
  })
})
