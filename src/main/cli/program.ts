import { Command, CommanderError } from 'commander'
import { version } from '../../../package.json'
import { QuerentError } from '@engine/core/errors'
import { toQuerentError } from '../node/errors'
import { register as bench } from './bench'
import { register as compare } from './compare'
import { register as datasets } from './datasets'
import { register as doctor } from './doctor'
import { createContext, describeError, exitCodeOf, type CliContext, type CliHost } from './io'
import { register as indices } from './indices'
import { register as label } from './label'
import { register as features } from './features'
import { register as measure } from './measure'
import { register as merge } from './merge'
import { register as models } from './models'
import { register as plan } from './plan'
import { register as recipes } from './recipes'
import { register as report } from './report'
import { register as run } from './run'
import { register as score } from './score'
import { register as select } from './select'
import { register as serve } from './serve'
import { register as verify } from './verify'

/** One file per command exports one of these. */
export type Register = (program: Command, context: CliContext) => void

const commands: readonly Register[] = [
  run,
  plan,
  verify,
  report,
  compare,
  merge,
  score,
  select,
  label,
  indices,
  measure,
  datasets,
  features,
  models,
  recipes,
  serve,
  doctor,
  bench,
]

/** The whole command line; `--json` is added to every command that does something. */
function createProgram(context: CliContext): Command {
  const program = new Command('querent')
    .description('Compare active-learning strategies: fair, reproducible, with statistics and figures.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
  for (const register of commands) register(program, context)
  const addJson = (command: Command): void => {
    if (command.commands.length > 0) command.commands.forEach(addJson)
    else command.option('--json', 'print one JSON document on stdout, everything else on stderr')
  }
  program.commands.forEach(addJson)
  return program
}

/** Runs one command line (without `node` and the script) and resolves to its exit code; never rejects, never exits. */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  const context = createContext(host)
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' })
    return context.exit.code
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0 // --help, --version
      return fail(new QuerentError('bad-usage', thrown.message.replace(/^error: /, '')), false)
    }
    const error = toQuerentError(thrown)
    // Whatever breaks off because of a signal is the signal's doing; a full disk is not.
    const isStop = error.code === 'cancelled' || (host.signal.aborted && (error.code === 'internal' || error.code === 'job-crashed'))
    return fail(isStop ? new QuerentError('cancelled', 'stopped') : error, true)
  }

  function fail(error: QuerentError, tell: boolean): number {
    if (tell) context.note(`querent: ${describeError(error)}`)
    if (argv.includes('--json')) {
      host.stdout.write(`${JSON.stringify({ error: { code: error.code, message: error.message, details: error.details } }, null, 2)}\n`)
    }
    return exitCodeOf(error)
  }
}
