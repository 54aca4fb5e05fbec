import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { runCli } from '@main/cli/program'

export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A temporary folder for a test file and the command line running in it, in this process. */
export function cliFolder(): {
  readonly path: (name: string) => string
  write(name: string, data: string | Uint8Array): string
  run(...argv: string[]): Promise<CliRun>
} {
  let folder = ''
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'querent-cli-'))))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    path: (name) => join(folder, name),
    write(name, data) {
      writeFileSync(join(folder, name), data)
      return name
    },
    async run(...argv) {
      let [stdout, stderr] = ['', '']
      const code = await runCli(argv, {
        cwd: folder,
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
        signal: new AbortController().signal,
        jobEntry: '',
        commandLine: ['querent', ...argv].join(' '),
      })
      return { code, stdout, stderr }
    },
  }
}

/** Cells of a printed table, as numbers, without its header. */
export const numbersOf = (csv: string): number[][] =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number))
