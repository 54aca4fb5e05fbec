import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError, type Command } from 'commander'
import { openLab } from '../node/openLab'
import { forkSpawner } from '../node/jobs/fork'
import { savedOf } from '../node/datasets/saved'
import { startHost } from '../node/server/host'
import { openSessions } from '../node/server/sessions'
import { defaultWorkspace, libraryOf } from '../node/workspace/location'
import { integer, type CliContext } from './io'

interface ServeOptions {
  readonly port: number
  readonly workspace?: string
  readonly open?: boolean
}

export function register(program: Command, context: CliContext): void {
  program
    .command('serve')
    .description('serve the workbench on this machine only; the first line of output is its address with a key that works once')
    .option('--port <port>', 'port of the loopback interface; 0 takes a free one', portNumber, 0)
    .option('--workspace <dir>', 'folder of projects and results')
    .option('--open', 'open the address in the browser')
    .action(
      context.action(async ({ port, workspace, open }: ServeOptions) => {
        const folder = workspace === undefined ? defaultWorkspace() : context.resolve(workspace)
        const lab = await openLab({
          workspace: folder,
          transport: 'web',
          runtime: `Node ${process.versions.node}`,
          spawner: forkSpawner(context.jobEntry, folder),
          cores: availableParallelism(),
        })
        try {
          const root = fileURLToPath(new URL('../renderer', import.meta.url))
          const host = await startHost({
            root,
            sessions: openSessions(folder),
            port,
            attach: (line) => lab.attach(line),
            saved: savedOf(libraryOf(folder)),
          })
          context.stdout.write(`${host.url}\n`)
          context.note(`The workbench is at this address (its key works once). Workspace: ${folder}. Ctrl-C stops it.`)
          if (open) openInBrowser(host.url)
          await stopped(context.signal)
          context.note('Stopping: running work ends at its next safe point and can be continued.')
          await host.close()
        } finally {
          await lab.dispose()
        }
        return { json: { stopped: true }, text: '' }
      }),
    )
}

const portNumber = (text: string): number => {
  const port = integer()(text)
  if (port > 65535) throw new InvalidArgumentError('a port from 0 to 65535 is needed.')
  return port
}

const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Best effort: the address is printed in any case. */
function openInBrowser(url: string): void {
  const [command, args] =
    process.platform === 'darwin' ? ['open', [url]] : process.platform === 'win32' ? ['cmd', ['/c', 'start', '', url]] : ['xdg-open', [url]]
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref()
}
