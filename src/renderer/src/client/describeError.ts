import { QuerentError } from '@engine/core/errors'

export interface DescribedError {
  readonly message: string
  /** where, what was found, what was expected, one per line; empty when there is nothing to add */
  readonly details: string
  /** everything, for the clipboard */
  readonly text: string
}

export function describeError(error: unknown): DescribedError {
  const message = error instanceof Error ? error.message : String(error)
  const lines: string[] = []
  if (error instanceof QuerentError) {
    const { file, path, line, found, expected, nearest } = error.details
    if (file) lines.push(`file      ${file}${line === undefined ? '' : `, line ${line}`}`)
    if (path) lines.push(`field     ${path}`)
    if (found) lines.push(`found     ${found}`)
    if (expected) lines.push(`expected  ${expected}`)
    if (nearest) lines.push(`nearest   ${nearest}`)
    lines.push(`code      ${error.code}`)
  }
  const details = lines.join('\n')
  return { message, details, text: details ? `${message}\n${details}` : message }
}
