import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { badInput, QuerentError } from '@engine/core/errors'
import type { ExternalCommand, ExternalRequest } from '@engine/strategies/contract'
import { lastLines } from '../jobs/protocol'
import { readAnswer } from './answer'
import { packQuery } from './packQuery'

const keptStderr = 4_000
const mostStdout = 16 * 1024 * 1024

/**
 * Starts external commands in `folder`, without a shell: program and arguments, then the path of the query (.npz) and a path for the
 * answer. The command and everything it started is killed when it takes too long, when the run is cancelled and when this process ends.
 */
export const externalCommands =
  (folder: string, cancel: AbortSignal): ExternalCommand =>
  async (request) => {
    if (cancel.aborted) throw new QuerentError('cancelled', 'cancelled')
    const temporary = await mkdtemp(join(tmpdir(), 'querent-external-'))
    try {
      const [query, answer] = [join(temporary, 'query.npz'), join(temporary, 'answer.npy')]
      await writeFile(query, packQuery(request))
      const stdout = await runCommand(request, [query, answer], folder, cancel)
      return readAnswer(existsSync(answer) ? await readFile(answer) : stdout, request.command.join(' '))
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }

/** What the command wrote to stdout. */
function runCommand({ command, timeLimit }: ExternalRequest, paths: readonly string[], cwd: string, cancel: AbortSignal): Promise<Buffer> {
  const [program, ...args] = command
  const failed = (message: string, found: string): QuerentError => badInput(`${command.join(' ')} ${message}`, { path: 'command', found })
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, ...paths], {
      cwd,
      detached: true,
      shell: false,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const kill = (): void => killGroup(child)
    let ended: QuerentError | null = null
    const end = (reason: QuerentError): void => {
      ended ??= reason
      kill()
    }
    const onCancel = (): void => end(new QuerentError('cancelled', 'cancelled'))
    const timer = setTimeout(() => end(failed(`took longer than ${timeLimit} s`, `${timeLimit} s`)), timeLimit * 1000)
    const endWatch = watch(child)
    cancel.addEventListener('abort', onCancel)
    process.once('exit', kill)

    const chunks: Buffer[] = []
    let size = 0
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > mostStdout) end(failed('wrote more than 16 MB to stdout', `${size} bytes`))
      else chunks.push(chunk)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptStderr)))
    const settle = (error: QuerentError | null): void => {
      clearTimeout(timer)
      cancel.removeEventListener('abort', onCancel)
      process.removeListener('exit', kill)
      endWatch()
      if (error === null) resolve(Buffer.concat(chunks))
      else reject(error)
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ENOENT' ? failed('was not found', program) : failed('could not be started', error.message)),
    )
    child.once('exit', kill) // what it left running has nobody to answer, and would hold its pipes open
    child.once('close', (code, signal) => {
      const words = lastLines(stderr)
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      settle(ended ?? (code === 0 ? null : failed(`failed (${how})${words === '' ? '' : `:\n${words}`}`, how)))
    })
  })
}

/** Ends the command with everything it started. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
}

/** Kills the group even if this process is killed: a shell waits for the end of a pipe that nobody writes to. Answers how to call it off. */
function watch({ pid }: ChildProcess): () => void {
  if (pid === undefined || process.platform === 'win32') return () => undefined
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "-$1" 2>/dev/null', 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => undefined)
  watcher.unref()
  return () => void watcher.kill('SIGKILL')
}
