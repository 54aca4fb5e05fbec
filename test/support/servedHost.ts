import { spawn, type ChildProcess } from 'node:child_process'
import { builtMain } from './paths'

export interface Host {
  readonly url: string
  readonly child: ChildProcess
}

/** Starts the built host; settles when it has printed its address. */
export function startHost(workspace: string, port: number): Promise<Host> {
  const child = spawn(process.execPath, [builtMain('cli'), 'serve', '--workspace', workspace, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part))
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('exit', (code) => reject(new Error(`the host ended with ${code}: ${said}`)))
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const [line, rest] = text.split('\n', 2)
      if (rest !== undefined) resolve({ url: line.trim(), child })
    })
  })
}

export const killed = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
