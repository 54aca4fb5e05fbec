/**
 * Stable error codes; callers decide on these, never on text.
 * `bad-input` and `bad-usage` exit 2, `cancelled` 130, everything else 1 (see the command line).
 */
export type ErrorCode =
  | 'bad-input' // a file, study, array or message does not say what it must
  | 'bad-usage' // flags or arguments
  | 'not-found'
  | 'locked' // the workspace or result folder belongs to a living process
  | 'not-writable'
  | 'disk-full'
  | 'unsupported' // the method, model or backend cannot do this
  | 'backend-unavailable'
  | 'job-crashed'
  | 'network' // a server cannot be reached, or does not give what was asked for
  | 'cancelled'
  | 'different' // a check found a difference
  | 'internal'

/** What a person needs to mend the input: where, what was found, what was expected, the nearest valid name. */
export interface ErrorDetails {
  readonly file?: string
  readonly path?: string
  readonly line?: number
  readonly found?: string
  readonly expected?: string
  readonly nearest?: string
}

export class QuerentError extends Error {
  override readonly name = 'QuerentError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

export const badInput = (message: string, details?: ErrorDetails): QuerentError => new QuerentError('bad-input', message, details)

export const unsupported = (message: string, details?: ErrorDetails): QuerentError => new QuerentError('unsupported', message, details)

/** Does `work`; what it refuses is refused at the field `path` of a study, with the name of its file. */
export async function inField<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof QuerentError)) throw error
    const { file = '' } = error.details
    const message = error.message.includes(file) ? error.message : `${file}: ${error.message}`
    throw new QuerentError(error.code, message, { ...error.details, path }, { cause: error })
  }
}

/** Cooperative cancellation; the host's AbortSignal satisfies it. */
export interface CancelSignal {
  readonly aborted: boolean
}

export function throwIfCancelled(signal: CancelSignal | undefined): void {
  if (signal?.aborted) throw new QuerentError('cancelled', 'cancelled')
}

/** The candidate closest to `name` by edit distance, if it is close enough to be a likely typing error; else one that it shortens or spells out. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates]
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best ?? names.find((candidate) => isShortFor(name.toLowerCase(), candidate.toLowerCase()))
}

/** Whether the shorter of two words is made of letters of the longer one in their order, from the first on: `stats` of `statistics`. */
function isShortFor(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  if (short.length < 3 || short[0] !== long[0]) return false
  let at = 0
  for (const letter of long) if (letter === short[at]) at++
  return at === short.length
}

/** Letters to insert, delete, replace, or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      current[j] = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) current[j] = Math.min(current[j], before[j - 2] + 1)
    }
    before = previous
    previous = current
  }
  return previous[b.length]
}
