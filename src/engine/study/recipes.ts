import { parse } from 'yaml'
import { badInput } from '../core/errors'
import { z } from '../core/zod'

const text = z.string().min(1)
const entry = z.strictObject({
  id: text.regex(/^[a-z0-9-]+$/),
  title: text,
  paper: text,
  question: text,
  look: text,
  expect: text,
  dataset: text,
})

/** What lists say about a study that ships with the app; the study itself is `<id>.yaml` beside the index. */
export type RecipeEntry = Readonly<z.infer<typeof entry>>

/** The id of the sample project's study. */
export const sampleRecipe = 'sample'

/** Reads `index.yaml` of the recipes folder. */
export function parseRecipeIndex(yaml: string): RecipeEntry[] {
  const parsed = z.array(entry).safeParse(parse(yaml))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badInput(`the index of recipes is damaged: ${issue.path.join('.')}: ${issue.message}`, { path: issue.path.join('.') })
}
