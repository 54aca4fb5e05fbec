import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@main/cli/program'
import { builtMain } from './paths'

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly child: ChildProcess
  readonly result: Promise<CliResult>
}

/** Starts the built command line in `cwd`. */
export function startCli(cwd: string, ...args: readonly string[]): RunningCli {
  const child = spawn(process.execPath, [builtMain('cli'), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (part: string) => (text[name] += part))
  return { child, result: new Promise((resolve) => child.once('close', (code) => resolve({ code, ...text }))) }
}

export const cli = (cwd: string, ...args: readonly string[]): Promise<CliResult> => startCli(cwd, ...args).result

/** Runs the command line in this process, with the built job entry: what a refusal needs, without starting Node each time. */
export async function cliHere(cwd: string, ...args: readonly string[]): Promise<CliResult> {
  const text = { stdout: '', stderr: '' }
  const output = (name: keyof typeof text): { write(part: string): void } => ({ write: (part) => void (text[name] += part) })
  const code = await runCli(args, {
    cwd,
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    jobEntry: builtMain('job'),
    commandLine: ['querent', ...args].join(' '),
  })
  return { code, ...text }
}

/** A folder that `dispose` removes. */
export function temporaryFolder(): { readonly path: string; write(name: string, text: string): string; dispose(): void } {
  const path = mkdtempSync(join(tmpdir(), 'querent-test-'))
  return {
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text)
      return name
    },
    dispose: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Resolves as soon as `ask` is true; throws when it does not come true in time. */
export async function until(ask: () => boolean, what: string, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!ask()) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
