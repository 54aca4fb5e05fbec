import { connectJob, type JobHandle } from '../node/jobs/client'
import { forkJob } from '../node/jobs/fork'
import { defaultWorkspace } from '../node/workspace/location'
import type { CliContext } from './io'

/** Files of others are decoded in a process of their own: one that fills the memory takes nothing with it, and a stop is at once. */
export async function inJob<T>(context: CliContext, work: (job: JobHandle) => Promise<T>, workspace = defaultWorkspace()): Promise<T> {
  const job = await connectJob(forkJob(context.jobEntry, workspace))
  const stop = (): void => void job.dispose()
  context.signal.addEventListener('abort', stop)
  try {
    return await work(job)
  } finally {
    context.signal.removeEventListener('abort', stop)
    await job.dispose()
  }
}
