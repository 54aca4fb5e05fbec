import { QuerentError } from '@engine/core/errors'

/** The error that work ends in; anything but a `QuerentError` is thrown on. */
export async function refusal(work: () => unknown): Promise<QuerentError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof QuerentError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
