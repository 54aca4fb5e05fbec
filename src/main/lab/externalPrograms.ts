import type { ExternalProgram } from '@contract/types'
import { unsupported } from '@engine/core/errors'
import { externalId } from '@engine/strategies/external'
import { variantsOf } from '@engine/study/expand'
import { checkStudy } from '@engine/study/schema'
import type { WorkspaceStore } from './workspacePort'

/** The commands that runs of a study would start, each once, in the order of the grid; none while the study has errors. */
export function commandsOf(studyText: string): string[][] {
  const { study } = checkStudy(studyText, { file: 'study.yaml' })
  if (study === null) return []
  const methods = variantsOf(study).flatMap(({ plan }) => [plan.strategy, ...plan.shadow])
  const commands = methods.filter(({ id }) => id === externalId).map(({ params }) => params.command as string[])
  return [...new Map(commands.map((command) => [JSON.stringify(command), command])).values()]
}

/** A study comes from anywhere, and a command does what its user may do: nothing starts before the user has seen it. */
export function createExternalPrograms(store: WorkspaceStore) {
  const confirmed = (): ReadonlySet<string> => new Set((store.index().commands ?? []).map((command) => JSON.stringify(command)))
  const list = (studyText: string): ExternalProgram[] => {
    const known = confirmed()
    return commandsOf(studyText).map((command) => ({ command, confirmed: known.has(JSON.stringify(command)) }))
  }
  return {
    list,
    confirm: async (commands: readonly (readonly string[])[]): Promise<void> => {
      const known = confirmed()
      const added = commands.filter((command) => !known.has(JSON.stringify(command)))
      if (added.length > 0) await store.update((index) => ({ ...index, commands: [...(index.commands ?? []), ...added] }))
    },
    /** Throws `unsupported` for the first command that was not confirmed. */
    require: (studyText: string): void => {
      const program = list(studyText).find((found) => !found.confirmed)
      if (program === undefined) return
      throw unsupported(`The study starts the program "${program.command.join(' ')}", which you have not allowed yet.`, {
        path: 'command',
        found: program.command.join(' '),
        expected: 'a command that was confirmed in this workspace',
      })
    },
  }
}
