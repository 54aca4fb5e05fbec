import { expect, type Browser, type Page } from '@playwright/test'

interface TraceEvent {
  readonly name: string
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

/** Watches the tasks of a page from now until `stop`. */
export async function watchTasks(page: Page, browser: Browser): Promise<{ stop(): Promise<LongestTasks> }> {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  return {
    stop: async () => {
      const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
      const renderers = new Set(
        trace.traceEvents
          .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
          .map(({ pid, tid }) => `${pid} ${tid}`),
      )
      const tasks = trace.traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && renderers.has(`${pid} ${tid}`))
      expect(tasks.length).toBeGreaterThan(50)
      const longest = (of: (task: TraceEvent) => number | undefined): number =>
        tasks.reduce((most, task) => Math.max(most, of(task) ?? 0), 0) / 1000
      return { wallMs: longest(({ dur }) => dur), processorMs: longest(({ tdur }) => tdur) }
    },
  }
}

/** Longest main-thread task of the next while in milliseconds of processor time, so that a busy machine does not count against the page. */
export async function longestTask(page: Page, browser: Browser, milliseconds: number): Promise<number> {
  const tasks = await watchTasks(page, browser)
  await page.waitForTimeout(milliseconds)
  return (await tasks.stop()).processorMs
}
