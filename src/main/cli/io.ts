import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { ErrorCode, ErrorDetails, QuerentError } from '@engine/core/errors'

/** A text stream with what the command line needs to know about it. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What the process around the command line is; tests give their own. */
export interface CliHost {
  /** the caller's folder: relative paths of arguments start here */
  readonly cwd: string
  readonly stdout: Output
  readonly stderr: Output
  /** asks the person at the terminal; left out where there is none */
  readonly ask?: (question: string) => Promise<string>
  /** aborted by the first SIGINT or SIGTERM */
  readonly signal: AbortSignal
  /** built entry file of job processes */
  readonly jobEntry: string
  /** what was typed, for manifests */
  readonly commandLine: string
}

/** What a command hands back: `json` goes to stdout with `--json`, `text` without it. */
export interface CommandResult {
  readonly json: unknown
  readonly text: string
  readonly exitCode?: number
}

/** Every command gets one of these. */
export interface CliContext extends CliHost {
  /** Absolute path of an argument. */
  resolve(path: string): string
  /** A line for people: always stderr, so stdout stays clean. */
  note(text: string): void
  /** Wraps a command's work for commander's `.action(…)`; the handler gets the arguments and then the options. */
  action<A extends unknown[]>(
    handler: (...argumentsAndOptions: A) => Promise<CommandResult> | CommandResult,
  ): (...all: unknown[]) => Promise<void>
  /** Exit code of the command that ran. */
  readonly exit: { code: number }
}

export function createContext(host: CliHost): CliContext {
  const exit = { code: 0 }
  return {
    ...host,
    exit,
    resolve: (path) => resolve(host.cwd, path),
    note: (text) => void host.stderr.write(`${text}\n`),
    action:
      <A extends unknown[]>(handler: (...argumentsAndOptions: A) => Promise<CommandResult> | CommandResult) =>
      async (...all: unknown[]) => {
        const given = all.slice(0, -1) as A // the last one is the commander command
        const { json, text, exitCode = 0 } = await handler(...given)
        const asJson = (given.at(-1) as { json?: boolean } | undefined)?.json === true
        const out = asJson ? JSON.stringify(json, null, 2) : text
        if (out !== '') host.stdout.write(out.endsWith('\n') ? out : `${out}\n`)
        exit.code = exitCode
      },
  }
}

const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  'bad-input': 2,
  'bad-usage': 2,
  'not-found': 2,
  locked: 2,
  'not-writable': 2,
  unsupported: 2,
  'backend-unavailable': 2,
  different: 3,
  cancelled: 130,
}

export const exitCodeOf = (error: QuerentError): number => exitCodes[error.code] ?? 1

/** Message and details as lines for a person; no stack trace. */
export function describeError({ message, details }: { readonly message: string; readonly details?: ErrorDetails }): string {
  const { file, line, path, found, expected, nearest } = details ?? {}
  const place = file === undefined ? line : line === undefined ? file : `${file}:${line}`
  const lines: [string, string | number | undefined][] = [
    [typeof place === 'number' ? 'line' : 'file', place],
    ['at', path],
    ['found', found],
    ['expected', expected],
    ['did you mean', nearest],
  ]
  // Some messages tell it all already.
  const isNew = (value: string | number | undefined): boolean => value !== undefined && value !== '' && !message.includes(String(value))
  return [message, ...lines.filter(([, value]) => isNew(value)).map(([label, value]) => `  ${label}: ${String(value)}`)].join('\n')
}

/** Option parser: an integer of at least `min`. */
export const integer =
  (min = 0) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`an integer of at least ${min} is needed.`)
    return value
  }

/** Option parser: a finite number. */
export const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is needed.')
  return value
}

type Cell = string | number | boolean | null | undefined

/** Columns aligned with two spaces between; numbers to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumeric = header.map((_, j) => rows.length > 0 && rows.every((row) => row[j] === null || typeof row[j] === 'number'))
  const cells = [header, ...rows].map((row) => row.map((cell) => (cell === null || cell === undefined ? '' : String(cell))))
  const widths = header.map((_, j) => Math.max(...cells.map((row) => row[j].length)))
  const align = (cell: string, j: number): string => (isNumeric[j] ? cell.padStart(widths[j]) : cell.padEnd(widths[j]))
  return cells.map((row) => row.map(align).join('  ').trimEnd()).join('\n')
}
