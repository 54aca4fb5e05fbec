import { z } from '@engine/core/zod'
import { QuerentError, type ErrorCode, type ErrorDetails } from '@engine/core/errors'

/** An error as it crosses a process line: structured clone would drop `code` and `details`. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly cause?: WireError
}

const wireError: z.ZodType<WireError> = z.object({
  code: z.string() as unknown as z.ZodType<ErrorCode>,
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])) as unknown as z.ZodType<ErrorDetails>,
  cause: z.lazy(() => wireError).optional(),
})

/** Stack traces stay on the side they belong to. */
export function encodeError(error: unknown): WireError {
  if (error instanceof QuerentError)
    return {
      code: error.code,
      message: error.message,
      details: Object.fromEntries(Object.entries(error.details).filter(([, value]) => value !== undefined)),
      ...(error.cause === undefined ? {} : { cause: encodeError(error.cause) }),
    }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), details: {} }
}

export function decodeError(value: unknown): QuerentError {
  const parsed = wireError.safeParse(value)
  if (!parsed.success) return new QuerentError('internal', 'the other side failed without saying how')
  const { code, message, details, cause } = parsed.data
  return new QuerentError(code, message, details, cause && { cause: decodeError(cause) })
}
