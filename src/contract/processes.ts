import { z } from '@engine/core/zod'

/**
 * Messages between the desktop's main process and its lab process. Ports travel beside them: `client` brings a window's line,
 * `job` the line of a job process that main forked on the lab's request.
 */
export const labToMain = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** the lab cannot start; the error is a `WireError` */
  z.object({ type: z.literal('failed'), error: z.unknown() }),
  z.object({ type: z.literal('spawn-job'), id: z.number().int() }),
  z.object({ type: z.literal('kill-job'), id: z.number().int() }),
  /** running or not: keeps the machine awake */
  z.object({ type: z.literal('busy'), busy: z.boolean() }),
  /** something happened that a user who looks elsewhere wants to know */
  z.object({ type: z.literal('notice'), title: z.string(), message: z.string() }),
])
export type LabToMain = z.infer<typeof labToMain>

export const mainToLab = z.discriminatedUnion('type', [
  z.object({ type: z.literal('client') }),
  z.object({ type: z.literal('job'), id: z.number().int(), pid: z.number().int().optional() }),
  /** `lastWords`: what the job said last on stderr */
  z.object({ type: z.literal('job-exit'), id: z.number().int(), code: z.number().int().nullable(), lastWords: z.string() }),
  z.object({ type: z.literal('stop') }),
])
export type MainToLab = z.infer<typeof mainToLab>
