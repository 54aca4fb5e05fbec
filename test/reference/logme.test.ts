import { describe, expect, it } from 'vitest'
import { logDeterminant } from '@engine/core/linear'
import { rowGram } from '@engine/core/gram'
import { writeNpy } from '@engine/data/npy'
import { logme } from '@engine/metrics/logme'
import { ped, pedLogme } from '@engine/metrics/ped'
import { cliFolder } from '../support/cliFolder'
import { matrixOf } from '../support/query'
import { readReference, relativeError } from '../support/reference'
import { inner, solve } from '../support/solve'

interface LogMeNumbers {
  readonly score: number
  readonly alphas: number[]
  readonly betas: number[]
}

interface PedNumbers {
  readonly parameters: { readonly exit_ratio: number; readonly time_step: number; readonly nsigma: number; readonly constant: number }
  readonly steps: { readonly total_displacement: number; readonly applied: boolean }[]
  readonly features_after?: number[][]
  readonly score: number
}

interface Given {
  readonly features: number[][]
  readonly labels: number[]
  readonly logme: LogMeNumbers
}

interface Reference {
  readonly classes: number
  readonly sets: Readonly<Record<string, Given & { readonly background: number[][] } & Readonly<Record<`logme_ped${string}`, PedNumbers>>>>
  readonly wide: Given & { readonly score_true_evidence_at_their_alpha_beta: number }
}

const { classes, sets, wide } = readReference<Reference>('logme')
const agrees = (found: number, expected: number): void => expect(relativeError(found, expected)).toBeLessThan(1e-6)

describe.each(Object.entries(sets))('the authors’ code on %s features', (_, given) => {
  const features = matrixOf(given.features)

  it('LogME', () => {
    const { value, perClass } = logme(features, given.labels, classes, { variant: 'public' })
    agrees(value, given.logme.score)
    agrees(logme(features, given.labels, classes).value, given.logme.score)
    perClass.forEach(({ alpha, beta }, c) => {
      agrees(alpha, given.logme.alphas[c])
      agrees(beta, given.logme.betas[c])
    })
  })

  it.each(Object.entries(given).filter(([key]) => key.startsWith('logme_ped')) as [string, PedNumbers][])('%s', (key, expected) => {
    const { exit_ratio: exitRatio, time_step: dt, nsigma: nSigma, constant } = expected.parameters
    const background = key === 'logme_ped_self_background' ? undefined : matrixOf(given.background)
    const options = { exitRatio, dt, nSigma, constant, background }
    const moved = ped(features, given.labels, classes, options)
    expect(moved.steps).toBe(expected.steps.filter(({ applied }) => applied).length)
    expect(moved.displacements).toHaveLength(expected.steps.length)
    moved.displacements.forEach((sum, step) => agrees(sum, expected.steps[step].total_displacement))
    if (expected.features_after) [...moved.features.data].forEach((value, t) => agrees(value, expected.features_after?.flat()[t] ?? NaN))
    agrees(pedLogme(features, given.labels, classes, { ...options, variant: 'public' }).value, expected.score)
  })
})

describe('fewer rows than columns, and a class that does not occur', () => {
  const features = matrixOf(wide.features)
  const [rows, cols] = [features.rows, features.cols]
  const absent = 2

  /** Log evidence per row of a class at the authors' precisions, from the covariance of the targets. */
  const evidence = (label: number): number => {
    const [alpha, beta] = [wide.logme.alphas[label], wide.logme.betas[label]]
    const covariance = rowGram(features)
    for (let t = 0; t < rows * rows; t++) covariance.data[t] /= alpha
    for (let i = 0; i < rows; i++) covariance.data[i * rows + i] += 1 / beta
    const target = Float64Array.from(wide.labels, (y) => Number(y === label))
    return -(logDeterminant(covariance) + inner(target, solve(covariance, target)) + rows * Math.log(2 * Math.PI)) / 2 / rows
  }

  it('the public variant gives their score, but for the class without rows that they count', () => {
    const { value, perClass } = logme(features, wide.labels, classes, { variant: 'public' })
    expect(perClass.map(({ label }) => label)).toEqual([0, 1, 3])
    const uncounted = evidence(absent) + ((cols - rows) * Math.log(wide.logme.alphas[absent])) / 2 / rows
    agrees((3 * value + uncounted) / 4, wide.logme.score)
    for (const { label, alpha, beta } of perClass) {
      agrees(alpha, wide.logme.alphas[label])
      agrees(beta, wide.logme.betas[label])
    }
  })

  it('the exact variant is the evidence at their precisions', () => {
    const { perClass } = logme(features, wide.labels, classes)
    const all = perClass.map(({ label }) => evidence(label))
    expect(relativeError((all.reduce((a, b) => a + b) + evidence(absent)) / 4, wide.score_true_evidence_at_their_alpha_beta)).toBeLessThan(
      1e-6,
    )
    // The last step of the iteration moves the precisions by up to 1e-3 after the misfit was taken.
    perClass.forEach(({ value }, c) => expect(Math.abs(value - all[c])).toBeLessThan(5e-3))
  })
})

describe('measure', () => {
  const cli = cliFolder()
  const measured = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await cli.run('measure', ...argv, '--json')
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as Record<string, unknown>
  }

  it('gives the authors’ scores from files', async () => {
    const { mixed } = sets
    cli.write('f.npy', writeNpy(Float64Array.from(mixed.features.flat()), [mixed.features.length, mixed.features[0].length]))
    cli.write('b.npy', writeNpy(Float64Array.from(mixed.background.flat()), [mixed.background.length, mixed.features[0].length]))
    cli.write('y.npy', writeNpy(Int32Array.from(mixed.labels), [mixed.labels.length]))
    const files = ['--features', 'f.npy', '--labels', 'y.npy', '--variant', 'public']
    const plain = await measured('logme', ...files)
    agrees(Number(plain.value), mixed.logme.score)
    expect(plain.perClass).toHaveLength(classes)
    agrees(Number((await measured('ped-logme', ...files, '--background', 'b.npy')).value), mixed.logme_ped.score)
    agrees(Number((await measured('ped-logme', ...files)).value), mixed.logme_ped_self_background.score)
    const narrow = await measured('ped-logme', ...files, '--background', 'b.npy', '--n-sigma', '0.3')
    agrees(Number(narrow.value), mixed.logme_ped_nsigma_0_3.score)
    expect(narrow.steps).toBe(6)
    expect((await measured('ped-logme', ...files, '--steps', '0')).value).toBe(plain.value)
  })
})
