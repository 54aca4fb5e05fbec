import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expandStudy } from '@engine/study/expand'
import { estimateStudy } from '@engine/study/estimate'
import { parseRecipeIndex, sampleRecipe } from '@engine/study/recipes'
import { parseStudy } from '@engine/study/schema'
import { reviewStudy } from '@engine/study/review'
import { digits, factsOf } from '../../support/digits'

const folder = 'resources/recipes'
const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')
const index = parseRecipeIndex(read('index.yaml'))
const facts = [factsOf(await digits())]

describe('recipes', () => {
  it('are listed once each, with a file', () => {
    const files = readdirSync(folder).filter((name) => name !== 'index.yaml')
    expect(files.sort()).toEqual(index.map(({ id }) => `${id}.yaml`).sort())
  })

  it.each(index.map(({ id }) => id))('%s is a valid study without a warning that runs on data that ships', (id) => {
    const file = `${id}.yaml`
    const entry = index.find((candidate) => candidate.id === id)
    const { study, findings } = reviewStudy(read(file), { file }, () => facts)
    const warnings = findings.filter(({ severity }) => severity !== 'note')
    // One recipe shows what true labels would be worth, as a bound.
    expect(warnings.map(({ code }) => code)).toEqual(id === 'less-sgd-vs-adam' ? ['reads-labels'] : [])
    expect(study).toMatchObject({ study: id, datasets: [entry?.dataset] })
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
