import { expect, type Browser, type Page } from '@playwright/test'

interface TraceEvent {
  readonly name: string
  readonly ts: number
  readonly pid: number
  readonly tid: number
  /** microseconds: on the clock, and of the thread's processor time */
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** The longest main-thread tasks of a page, in milliseconds. */
export interface LongestTasks {
  readonly wallMs: number
  readonly processorMs: number
}

/**
 * What a page may take where `limit` is its share on a quiet machine: the limit itself with QUIET_MACHINE set, three times as much
 * without, because processor time grows too while others use the same caches and cores.
 */
export const atMost = (limit: number): number => (process.env.QUIET_MACHINE ? limit : 3 * limit)

/** Events of the page's main thread since tracing began. */
async function stopTrace(browser: Browser): Promise<TraceEvent[]> {
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const renderers = new Set(
    trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  return trace.traceEvents.filter(({ pid, tid }) => renderers.has(`${pid} ${tid}`))
}

/** Watches the tasks of a page from now until `stop`. */
export async function watchTasks(page: Page, browser: Browser): Promise<{ stop(): Promise<LongestTasks> }> {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  return {
    stop: async () => {
      const tasks = (await stopTrace(browser)).filter(({ name }) => name.endsWith('RunTask'))
      expect(tasks.length).toBeGreaterThan(50)
      const longest = (of: (task: TraceEvent) => number | undefined): number =>
        tasks.reduce((most, task) => Math.max(most, of(task) ?? 0), 0) / 1000
      return { wallMs: longest(({ dur }) => dur), processorMs: longest(({ tdur }) => tdur) }
    },
  }
}

const scripts = new Set(['EventDispatch', 'FireAnimationFrame', 'FunctionCall', 'RunMicrotasks', 'TimerFire'])

/** Milliseconds of processor time that scripts took in each main-thread task during `work`, ascending; tasks without scripts are left out. */
export async function scriptTimes(page: Page, browser: Browser, work: () => Promise<void>): Promise<number[]> {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] })
  await work()
  const events = await stopTrace(browser)
  const tasks = events
    .filter(({ name }) => name.endsWith('RunTask'))
    .map(({ ts, dur = 0 }) => ({ from: ts, to: ts + dur, script: 0 }))
    .sort((a, b) => a.from - b.from)
  const calls = events.filter(({ name }) => scripts.has(name)).sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
  let at = 0
  let covered = -Infinity
  for (const { ts, dur = 0, tdur = dur } of calls) {
    // What is called within a call was counted with it.
    if (ts < covered) continue
    covered = ts + dur
    while (at < tasks.length && tasks[at].to < ts) at++
    if (at < tasks.length && tasks[at].from <= ts) tasks[at].script += tdur
  }
  return tasks.flatMap(({ script }) => (script > 0 ? [script / 1000] : [])).sort((a, b) => a - b)
}

/** Longest main-thread task of the next while in milliseconds of processor time, so that a busy machine does not count against the page. */
export async function longestTask(page: Page, browser: Browser, milliseconds: number): Promise<number> {
  const tasks = await watchTasks(page, browser)
  await page.waitForTimeout(milliseconds)
  return (await tasks.stop()).processorMs
}
