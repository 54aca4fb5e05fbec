import { z } from '@engine/core/zod'

/** One command of the lab: its input is validated at the trust edge, its output type is a promise to clients. */
export interface Command<I extends z.ZodType, O> {
  readonly input: I
  /** never read; carries the output type */
  readonly output?: O
}

export const command =
  <O>() =>
  <I extends z.ZodType>(input: I): Command<I, O> => ({ input })
export const nothing = z.strictObject({})
export const id = z.string().min(1).max(200)
