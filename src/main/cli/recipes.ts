import type { Command } from 'commander'
import { QuerentError } from '@engine/core/errors'
import { listRecipes, recipeText } from '../node/recipes'
import { readIfThere, writeAtomic } from '../node/storage/files'
import { textTable, type CliContext } from './io'

export function register(program: Command, context: CliContext): void {
  const recipes = program.command('recipes').description('ready studies with their paper, question and what to expect')

  recipes
    .command('list')
    .description('every recipe')
    .action(
      context.action(async () => {
        const list = await listRecipes()
        const text = textTable(
          ['recipe', 'data', 'minutes', 'question'],
          list.map(({ id, dataset, estimatedSeconds, question }) => [
            id,
            dataset,
            Math.max(1, Math.round(estimatedSeconds / 60)),
            question,
          ]),
        )
        return { json: { recipes: list }, text }
      }),
    )

  recipes
    .command('copy')
    .description('a recipe as a study file of your own')
    .argument('<id>')
    .option('--out <file>', 'write it to this file instead of stdout')
    .action(
      context.action(async (id: string, { out }: { out?: string }) => {
        const yaml = await recipeText(id)
        if (out === undefined) return { json: { id, yaml }, text: yaml }
        const file = context.resolve(out)
        const there = await readIfThere(file)
        if (there !== null && there.toString('utf8') !== yaml)
          throw new QuerentError('bad-usage', `${out} exists and holds something else`, { file: out, expected: 'a new file' })
        await writeAtomic(file, yaml)
        return { json: { id, out }, text: `${out}: edit it, then querent run ${out}` }
      }),
    )
}
