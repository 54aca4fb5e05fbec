import type { Command } from 'commander'
import type { DoctorReport } from '@contract/types'
import { createBackends } from '../node/backends'
import { doctorReport } from '../node/doctor'
import { forkSpawner } from '../node/jobs/fork'
import { defaultWorkspace } from '../node/workspace/location'
import { textTable, type CliContext } from './io'

export function register(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('what this machine offers: backends, desktop runtime, display, memory, workspace')
    .option('--workspace <dir>', 'folder of projects and results')
    .action(
      context.action(async ({ workspace }: { workspace?: string }) => {
        const report = await doctorReport({
          backends: createBackends(forkSpawner(context.jobEntry)),
          workspace: workspace === undefined ? defaultWorkspace() : context.resolve(workspace),
        })
        return { json: report, text: describe(report) }
      }),
    )
}

function describe({ versions, backends, electron, display, memory, workspace }: DoctorReport): string {
  const mark = (good: boolean): string => (good ? 'yes' : 'no')
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  return [
    textTable(['version', ''], Object.entries(versions)),
    textTable(
      ['backend', 'usable', 'device', 'threads', 'reason'],
      backends.map(({ id, usable, device, threads, reason }) => [id, mark(usable), device, threads, reason]),
    ),
    textTable(
      ['machine', '', 'reason'],
      [
        ['desktop runtime', mark(electron.installed), electron.reason],
        ['display', mark(display.available), display.reason],
        ['memory', gigabytes(memory.totalBytes), `${gigabytes(memory.freeBytes)} free`],
        ['workspace', workspace.writable ? 'writable' : 'not writable', `${workspace.path} ${workspace.reason}`],
      ],
    ),
  ].join('\n\n')
}
