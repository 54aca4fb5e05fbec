import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { removeAt, setAt } from '@engine/study/editStudy'
import { runHash } from '@engine/study/runHash'
import { blobs, expandFor, study } from '../support/studies'

const dataset = blobs()

const sharedFactors = {
  'training.learningRate': [0.001, 0.01, 0.1],
  'training.weightStart': ['reinit-fresh', 'carry', 'shrink-perturb'],
  'protocol.query': [5, 10, 20],
  'model.dropout': [0, 0.1, 0.5],
}
const ownFactors = {
  'strategies.acq.score': ['entropy', 'margin', 'least-confidence'],
  'strategies.acq.batch': ['topk', 'kmeans++', 'kcenter'],
}
const levels = (all: readonly (string | number)[]) => fc.subarray([...all], { minLength: 1 })
const some = <T extends Record<string, readonly (string | number)[]>>(factors: T) =>
  fc.record(Object.fromEntries(Object.entries(factors).map(([path, all]) => [path, levels(all)])), { requiredKeys: [] })

const textOf = (seeds: number, ablate: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ dataset: 'blobs', protocol: { seeds }, strategies: ['random', { id: 'acquisition', name: 'acq' }], ablate })

describe('the grid', () => {
  it('has a run per seed, strategy and combination of the factors that concern it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), some(sharedFactors), some(ownFactors), (seeds, shared, own) => {
        const product = (factors: object) => Object.values(factors).reduce<number>((n, list: readonly unknown[]) => n * list.length, 1)
        const plan = expandFor(study(textOf(seeds, { ...shared, ...own })), dataset)
        expect(plan.filter(({ spec }) => spec.strategy.name === 'random')).toHaveLength(seeds * product(shared))
        expect(plan.filter(({ spec }) => spec.strategy.name === 'acq')).toHaveLength(seeds * product(shared) * product(own))
        expect(new Set(plan.map(({ hash }) => hash)).size).toBe(plan.length)
      }),
      { numRuns: 40 },
    )
  })

  it('gives every run the levels it says', () => {
    fc.assert(
      fc.property(some(sharedFactors), (shared) => {
        for (const { spec, factors } of expandFor(study(textOf(1, shared)), dataset)) {
          for (const [path, level] of Object.entries(factors)) {
            const [section, key] = path.split('.') as ['training', 'learningRate']
            expect(spec[section][key]).toBe(level)
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('the run hash', () => {
  const shuffledKeys = (value: unknown): fc.Arbitrary<unknown> =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? fc.constant(value)
      : fc
          .shuffledSubarray(Object.keys(value), { minLength: Object.keys(value).length })
          .chain((keys) =>
            fc
              .tuple(...keys.map((key) => shuffledKeys((value as Record<string, unknown>)[key])))
              .map((values) => Object.fromEntries(keys.map((key, i) => [key, values[i]]))),
          )
  const [{ spec, hash }] = expandFor(study(textOf(1, {})), dataset)

  it('does not depend on the order of keys, on names, or on what is switched off', () => {
    fc.assert(
      fc.property(shuffledKeys(spec), fc.string(), fc.double({ noNaN: true }), fc.integer(), (shuffled, name, unused, rounds) => {
        const same = structuredClone(shuffled) as typeof spec
        const renamed = {
          ...same,
          study: name,
          datasetName: name,
          strategy: { ...same.strategy, name },
          training: { ...same.training, momentum: unused, decay: unused, shrink: unused, perturb: unused },
          protocol: { ...same.protocol, rounds, firstBatch: name, initialRows: name },
        }
        expect(runHash(renamed)).toBe(hash)
      }),
      { numRuns: 60 },
    )
  })

  it('depends on everything else', () => {
    const others = [
      { ...spec, datasetSha256: 'other' },
      { ...spec, repeat: 1 },
      { ...spec, backend: 'onnx-wasm' as const },
      { ...spec, precision: 'float32' as const },
      { ...spec, semanticsVersion: spec.semanticsVersion + 1 },
      { ...spec, training: { ...spec.training, learningRate: 0.5 } },
      { ...spec, protocol: { ...spec.protocol, seed: 1 } },
      { ...spec, protocol: { ...spec.protocol, initial: 7 } },
      { ...spec, strategy: { ...spec.strategy, id: 'margin' } },
      { ...spec, strategy: { ...spec.strategy, rounds: 2 } },
      { ...spec, training: { ...spec.training, optimizer: 'sgd' as const, momentum: 0.5 } },
      { ...spec, training: { ...spec.training, optimizer: 'sgd' as const, momentum: 0.6 } },
    ].map(runHash)
    expect(new Set([hash, ...others]).size).toBe(others.length + 1)
  })
})

describe('editing', () => {
  const text = `# a study
study: a # name
dataset: digits
model: { type: mlp, hidden: [128] } # net
training: # recipe
  epochs: 30
  # rate
  learningRate: 1e-3
protocol: {}
strategies:
  - random # base
  - id: badge
    name: b
ablate:
  training.weightStart: [carry, reinit-fresh]
`
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? 0 : x)),
    fc.boolean(),
    fc.constant(null),
  )
  const path = fc.constantFrom(
    ['study'],
    ['model', 'hidden'],
    ['model', 'hidden', 0],
    ['training', 'epochs'],
    ['training', 'new'],
    ['protocol', 'seeds'],
    ['strategies', 1, 'name'],
    ['strategies', 1, 'k'],
    ['strategies', 0, 'name'],
    ['strategies', 2],
    ['ablate', 'training.weightStart'],
    ['ablate', 'strategies.b.x'],
    ['stats', 'rope'],
    ['data'],
  )
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string | number, unknown>
  /** the same edit on plain data */
  function edited(
    root: Record<string | number, unknown>,
    [step, ...rest]: readonly (string | number)[],
    value: unknown,
  ): Record<string | number, unknown> {
    if (rest.length === 0) root[step] = value
    else {
      const inner = root[step]
      root[step] = edited((typeof inner === 'string' ? { id: inner } : (inner ?? {})) as typeof root, rest, value)
    }
    return root
  }

  it('puts the value where it was asked and changes nothing else; comments stay', () => {
    fc.assert(
      fc.property(
        path,
        fc.oneof(
          scalar,
          fc.array(scalar, { maxLength: 3 }),
          fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z]{0,8}$/), scalar, { maxKeys: 3 }),
        ),
        (place, value) => {
          const result = setAt(text, place, value)
          expect(parse(result)).toEqual(edited(plain(parse(text)), place, plain(value)))
          // A value that is replaced as a whole takes the comments inside it along.
          for (const comment of ['# a study', '# recipe', '# rate', '# base']) expect(result).toContain(comment)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes back what it set', () => {
    fc.assert(
      fc.property(scalar, (value) => {
        expect(parse(removeAt(setAt(text, ['training', 'new'], value), ['training', 'new']))).toEqual(parse(text))
        expect(setAt(setAt(text, ['training', 'epochs'], value), ['training', 'epochs'], 30)).toBe(text)
      }),
      { numRuns: 100 },
    )
  })
})
