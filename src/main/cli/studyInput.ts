import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parse } from 'yaml'
import { QuerentError } from '@engine/core/errors'
import { backendIds, type BackendId } from '@engine/nn/executor'
import type { ExperimentRequest } from '../lab/experiment'
import type { ExperimentDependencies } from '../lab/runExperiment'
import { createBackends, type Backends } from '../node/backends'
import { withFile } from '../node/errors'
import { experimentDependencies } from '../node/experiments'
import { forkSpawner } from '../node/jobs/fork'
import { defaultWorkspace, featuresOf, libraryOf, modelsOf } from '../node/workspace/location'
import type { CliContext } from './io'

export interface StudyOptions {
  readonly set?: readonly string[]
  readonly backend?: 'auto' | BackendId
  readonly shard?: { readonly index: number; readonly count: number }
}

/** Adds the study argument and the options that change what it says. */
export const addStudyInput = (command: Command): Command =>
  command
    // More than one word: `--set a=1 b=2 study.yaml` reads naturally, and only the words know which of them is the study.
    .argument('[study...]', 'study file (YAML or JSON)')
    .option('--set <path=value...>', 'change a field of the study; values are YAML', collect)
    .addOption(new Option('--backend <id>', 'where networks are trained').choices(['auto', ...backendIds]))

const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value]

export function parseShard(text: string): { index: number; count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text)
  const [index, count] = match === null ? [NaN, NaN] : [Number(match[1]), Number(match[2])]
  if (!(count >= 1 && index >= 1 && index <= count)) throw new InvalidArgumentError('i/n with 1 ≤ i ≤ n is needed.')
  return { index, count }
}

export type StudyRequest = Pick<ExperimentRequest, 'studyText' | 'studyPath' | 'overrides' | 'backend' | 'shard'>

/** Reads the study file and the overrides. */
export async function readStudyInput(context: CliContext, words: readonly string[], options: StudyOptions): Promise<StudyRequest> {
  const isAssignment = (word: string): boolean => /^[^=\s]+=/.test(word)
  const given = options.set ?? []
  const taken = [...given, ...words]
  const assignments = given.length === 0 ? [] : taken.filter(isAssignment)
  const files = taken.filter((word) => !assignments.includes(word))
  if (files.length !== 1)
    throw new QuerentError('bad-usage', files.length === 0 ? 'which study? A study file is needed' : 'one study file at a time', {
      found: files.join(' ') || 'nothing',
      expected: 'one study file; --set takes path=value',
    })
  const studyPath = context.resolve(files[0])
  const studyText = await withFile(studyPath, () => readFile(studyPath, 'utf8'))
  return { studyText, studyPath, overrides: assignments.map(override), backend: options.backend, shard: options.shard }
}

function override(text: string): readonly [string, unknown] {
  const equals = text.indexOf('=')
  try {
    return [text.slice(0, equals), parse(text.slice(equals + 1)) as unknown]
  } catch (cause) {
    throw new QuerentError(
      'bad-usage',
      `--set ${text}: the value is not YAML`,
      { found: text.slice(equals + 1), expected: 'a YAML value' },
      { cause },
    )
  }
}

/** This machine as experiments see it. */
export function createExperimentHost(context: CliContext): ExperimentDependencies & { readonly backends: Backends } {
  const workspace = defaultWorkspace()
  const spawner = forkSpawner(context.jobEntry, workspace)
  const backends = createBackends(spawner)
  const folders = [libraryOf(workspace), featuresOf(workspace), modelsOf(workspace)] as const
  return { ...experimentDependencies(spawner, backends, availableParallelism(), ...folders), backends }
}
