import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expandStudy } from '@engine/study/expand'
import { estimateStudy } from '@engine/study/estimate'
import { parseRecipeIndex, sampleRecipe } from '@engine/study/recipes'
import type { DatasetFacts } from '@engine/study/feasible'
import { parseStudy } from '@engine/study/schema'
import { reviewStudy } from '@engine/study/review'
import type { DatasetRef } from '@engine/study/spec'
import { loadDataset } from '@main/node/datasets'
import { digits, factsOf } from '../../support/digits'

const folder = 'resources/recipes'
const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')
const index = parseRecipeIndex(read('index.yaml'))
const facts = [factsOf(await digits())]
const factsFor = (refs: readonly DatasetRef[]): Promise<DatasetFacts[]> =>
  Promise.all(refs.map(async (ref) => factsOf(await loadDataset(ref, '.'))))
const fail = (id: string): never => expect.fail(`${id} is no study`)
const idOf = (ref: DatasetRef): string => (typeof ref === 'string' ? ref : 'id' in ref ? ref.id : ref.inputs)

describe('recipes', () => {
  it('are listed once each, with a file', () => {
    const files = readdirSync(folder).filter((name) => name !== 'index.yaml')
    expect(files.sort()).toEqual(index.map(({ id }) => `${id}.yaml`).sort())
  })

  it.each(index.map(({ id }) => id))('%s is a valid study without a warning that runs on data that ships', async (id) => {
    const file = `${id}.yaml`
    const entry = index.find((candidate) => candidate.id === id)
    const known = await factsFor(parseStudy(read(file), { file }).datasets)
    const { study, findings } = reviewStudy(read(file), { file }, () => known)
    const warnings = findings.filter(({ severity }) => severity !== 'note')
    // One recipe shows what true labels would be worth, as a bound.
    expect(warnings.map(({ code }) => code)).toEqual(id === 'less-sgd-vs-adam' ? ['reads-labels'] : [])
    expect(study?.study).toBe(id)
    expect(new Set(study?.datasets.map(idOf))).toEqual(new Set([entry?.dataset]))
    // What is pre-trained has not seen the labels that the runs buy.
    const { model, datasets } = study ?? fail(id)
    if (model.type !== 'finetune' || typeof model.backbone === 'string') return
    const { dataset: source, method } = model.backbone.pretrain
    const classesOf = (ref: DatasetRef): readonly (number | string)[] => (typeof ref !== 'string' && 'classes' in ref ? ref.classes : [])
    const shared = datasets.flatMap(classesOf).filter((name) => classesOf(source).includes(name))
    expect([method === 'simclr' || classesOf(source).length > 0, shared]).toEqual([true, []])
  })

  it('isolates the parts of the gradient norm, entropy once per weight start', () => {
    const study = parseStudy(read('gradient-norm-vs-entropy.yaml'), { file: 'x' })
    const plan = expandStudy(study, {
      backend: 'reference',
      precision: 'float64',
      datasets: [{ ref: 'digits', name: 'digits', sha256: '0' }],
    })
    // random × 2 starts; gradient norm × 3 components × 2 starts; entropy × 2 starts
    expect(plan).toHaveLength((2 + 6 + 2) * 10)
    const entropy = plan.filter(({ factors }) => factors['strategies.acq.score'] === 'entropy')
    expect(entropy.map(({ factors }) => factors['strategies.acq.component'])).toEqual(entropy.map(() => null))
  })

  it('estimates the sample project below a minute on two cores', () => {
    const study = parseStudy(read(`${sampleRecipe}.yaml`), { file: 'x' })
    expect(estimateStudy(study, facts, { backend: 'onnx-native', jobs: 2 }).estimatedSeconds).toBeLessThan(60)
  })
})
