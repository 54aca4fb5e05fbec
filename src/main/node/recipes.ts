import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { RecipeInfo } from '@contract/types'
import { badInput, nearestName } from '@engine/core/errors'
import { estimateStudy } from '@engine/study/estimate'
import { parseRecipeIndex, type RecipeEntry } from '@engine/study/recipes'
import { parseStudy } from '@engine/study/schema'
import { datasetInfo } from './datasets'
import { resourcePath } from './resources'

const read = (name: string): Promise<string> => readFile(resourcePath('recipes', name), 'utf8')

const index = async (): Promise<RecipeEntry[]> => parseRecipeIndex(await read('index.yaml'))

/** The studies that ship with the app, with the time they take on this machine's cores. */
export const listRecipes = async (): Promise<RecipeInfo[]> =>
  Promise.all((await index()).map(async (entry) => ({ ...entry, estimatedSeconds: await secondsOf(entry.id) })))

/** The study file of a recipe; an unknown one is refused with the nearest name. */
export async function recipeText(id: string): Promise<string> {
  const ids = (await index()).map((entry) => entry.id)
  if (!ids.includes(id)) throw badInput(`unknown recipe "${id}"`, { found: id, expected: ids.join(' · '), nearest: nearestName(id, ids) })
  return read(`${id}.yaml`)
}

async function secondsOf(id: string): Promise<number> {
  const study = parseStudy(await read(`${id}.yaml`), { file: `${id}.yaml` })
  const facts = await Promise.all(
    study.datasets.map(async (ref) => {
      const { id: name, ...info } = await datasetInfo(ref, resourcePath('recipes'))
      return { ...info, name }
    }),
  )
  return estimateStudy(study, facts, { backend: 'onnx-native', jobs: availableParallelism() }).estimatedSeconds
}
