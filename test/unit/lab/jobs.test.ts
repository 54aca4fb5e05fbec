import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { RunSpec } from '@engine/study/spec'
import { createBackends } from '@main/node/backends'
import { connectJob, type JobHandle } from '@main/node/jobs/client'
import { forkJob, forkSpawner } from '@main/node/jobs/fork'

const entry = resolve(import.meta.dirname, '../../fixtures/jobs/failing.mjs')
const jobs: JobHandle[] = []
afterEach(async () => {
  await Promise.all(jobs.splice(0).map((job) => job.dispose()))
  delete process.env.QUERENT_TEST_JOB
  delete process.env.NODE_OPTIONS
})

async function failingJob(cancelGraceMs?: number): Promise<JobHandle> {
  const job = await connectJob(forkJob(entry), { cancelGraceMs })
  jobs.push(job)
  return job
}

const runOn = (job: JobHandle, hash: string, onEvent: () => void | Promise<void> = () => undefined): Promise<void> =>
  job.run({ hash, spec: {} as RunSpec, baseDir: '.', folder: '.', resume: null }, onEvent)

describe('a job process that dies', () => {
  it.each([
    ['memory', /died \(signal SIGABRT\): it ran out of memory/],
    ['exit', /died \(exit code 3\)$/],
    ['kill', /died \(signal SIGKILL\): the system may have run out of memory/],
  ])('%s: the run is told how', async (hash, message) => {
    process.env.NODE_OPTIONS = '--max-old-space-size=40'
    const job = await failingJob()
    await expect(runOn(job, hash)).rejects.toMatchObject({ code: 'job-crashed', message: expect.stringMatching(message) as unknown })
    // The handle stays usable enough to say so again.
    await expect(runOn(job, hash)).rejects.toMatchObject({ code: 'job-crashed' })
  })

  it('an import that never answers is given up, and its process killed', async () => {
    const job = await connectJob(forkJob(entry), { silenceMs: 100 })
    jobs.push(job)
    await expect(job.import({ paths: ['damaged.parquet'], mapping: {} }, () => undefined)).rejects.toMatchObject({
      code: 'job-crashed',
      message: expect.stringContaining('did not come to an end') as unknown,
    })
  })

  it('its last words on stderr are kept', async () => {
    await expect(runOn(await failingJob(), 'exit')).rejects.toMatchObject({ details: { found: 'the library is broken' } })
  })

  it('before it is ready: nothing waits for ever', async () => {
    process.env.QUERENT_TEST_JOB = 'dead'
    await expect(forkSpawner(entry).spawn()).rejects.toMatchObject({ code: 'job-crashed' })
    const report = await createBackends(forkSpawner(entry)).probe('onnx-native')
    expect(report).toMatchObject({ usable: false, reason: expect.stringContaining('exit code 1') as unknown })
  })

  it('one that does not stop when asked is killed after a grace period', async () => {
    const job = await failingJob(200)
    const run = runOn(job, 'silent')
    job.cancel()
    await expect(run).rejects.toMatchObject({ code: 'job-crashed', message: expect.stringContaining('did not stop') as unknown })
  })

  it('trouble with an event stops the run and is what the caller hears', async () => {
    const job = await failingJob(200)
    const trouble = new Error('no space')
    await expect(runOn(job, 'silent', () => Promise.reject(trouble))).rejects.toBe(trouble)
  })
})

describe('backends', () => {
  it('a named one that does not work is refused, never replaced', async () => {
    process.env.QUERENT_TEST_JOB = 'dead'
    const backends = createBackends(forkSpawner(entry))
    await expect(backends.resolve('onnx-wasm')).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('onnx-wasm') as unknown,
    })
    await expect(backends.resolve('auto')).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/onnx-native: .*; onnx-wasm: /) as unknown,
    })
  })
})
