import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import { connectLab, portPair } from '@contract/rpc'
import type { RunEvent } from '@engine/study/events'
import type { Lab } from '@main/lab/lab'
import { forkSpawner } from '@main/node/jobs/fork'
import type { JobHandle } from '@main/node/jobs/client'
import { openLab } from '@main/node/openLab'
import { startHost } from '@main/node/server/host'
import { openSessions } from '@main/node/server/sessions'
import { temporaryFolder } from '../support/cli'
import { atMost, watchTasks } from '../support/longestTask'
import { builtMain, chromiumArgs, chromiumPath, hasChromium, rootDir } from '../support/paths'

/** An event of a run, and the milliseconds from the run's start to it. */
type Recorded = readonly { readonly at: number; readonly event: RunEvent }[]
type Runs = Map<string, Recorded>
type Run = JobHandle['run']

const folder = temporaryFolder()
afterAll(() => folder.dispose())

/** Jobs whose `run` is replaced; everything else is the real job's. */
const spawnerWith = (change: (run: Run) => Run) => ({
  spawn: async (): Promise<JobHandle> => {
    const jobs: { spawn(): Promise<JobHandle> } = forkSpawner(builtMain('job'))
    const job = await jobs.spawn()
    return { ...job, run: change(job.run) }
  },
})
const keyOf = ([{ spec }]: Parameters<Run>): string => `${spec.strategy.name} ${spec.repeat}`

const recording = (runs: Runs) =>
  spawnerWith((run) => async (...given) => {
    const [assignment, onEvent] = given
    const recorded: { at: number; event: RunEvent }[] = []
    const start = performance.now()
    await run(assignment, (event) => {
      recorded.push({ at: performance.now() - start, event })
      return onEvent(event)
    })
    runs.set(keyOf(given), recorded)
  })

const replaying = (runs: Runs) =>
  spawnerWith(() => async (...given) => {
    const [, onEvent] = given
    const start = performance.now()
    for (const { at, event } of runs.get(keyOf(given)) ?? []) {
      const wait = start + at - performance.now()
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait))
      await onEvent(event)
    }
  })

const open = (name: string, spawner: ReturnType<typeof recording>): Promise<Lab> =>
  openLab({ workspace: join(folder.path, name), transport: 'web', runtime: 'test', spawner, cores: Math.min(2, availableParallelism()) })

async function record(): Promise<Runs> {
  const runs: Runs = new Map()
  const lab = await open('recorded', recording(runs))
  const [ours, theirs] = portPair(structuredClone)
  lab.attach(theirs)
  const client = connectLab(ours)
  const { id } = await client.call('project.create', { from: { recipe: 'sample' } })
  const ended = new Promise<void>((resolve) => client.on('experiment.changed', ({ state }) => state === 'finished' && resolve()))
  await client.call('experiment.start', { project: id })
  await ended
  await lab.dispose()
  return runs
}

describe.skipIf(!hasChromium)('the events of a study that ran, at their own pace and with nothing else to do', () => {
  it('hold up the page for no more than 50 ms at a time', { timeout: 400_000 }, async () => {
    const runs = await record()
    expect(runs.size).toBe(40)

    const workspace = join(folder.path, 'replayed')
    const lab = await open('replayed', replaying(runs))
    const host = await startHost({
      root: join(rootDir, 'out/renderer'),
      sessions: openSessions(workspace),
      port: 0,
      attach: (line) => lab.attach(line),
      saved: join(workspace, 'saved'),
    })
    const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArgs })
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
      await page.goto(host.url)
      await page.getByRole('link', { name: /^Sample/ }).click()
      await page.getByRole('heading', { level: 1, name: 'Design' }).waitFor()
      await page.waitForTimeout(1000)
      await page.keyboard.press('Control+Enter')
      await page.getByText(/per curve so far/).waitFor()

      const tasks = await watchTasks(page, browser)
      await page.waitForTimeout(5000)
      await page.getByRole('button', { name: 'random, seed 0: details' }).click()
      await page.waitForTimeout(2000)
      const onRuns = await tasks.stop()
      const queue = page.getByRole('contentinfo', { name: 'Queue' })
      await page.keyboard.press('Control+5')
      await page.getByText('So far:').waitFor()
      const live = await watchTasks(page, browser)
      await queue.getByText('Queue empty').waitFor({ timeout: 200_000 })
      const onCompare = await live.stop()
      process.stderr.write(`longest tasks: ${JSON.stringify({ onRuns, onCompare })}\n`)
      expect(onRuns.processorMs).toBeLessThan(atMost(50))
      expect(onCompare.processorMs).toBeLessThan(atMost(50))
      expect(faults).toEqual([])
    } finally {
      await browser.close()
      await host.close()
      await lab.dispose()
    }
  })
})
