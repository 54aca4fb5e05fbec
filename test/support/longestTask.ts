import { expect, type Browser, type Page } from '@playwright/test'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** processor time of the thread in microseconds */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** Longest main-thread task in milliseconds of processor time, so that a busy machine does not count against the page. */
export async function longestTask(page: Page, browser: Browser, milliseconds: number): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  await page.waitForTimeout(milliseconds)
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const renderers = new Set(
    trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const tasks = trace.traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && renderers.has(`${pid} ${tid}`))
  expect(tasks.length).toBeGreaterThan(50)
  return Math.max(...tasks.map(({ tdur }) => (tdur ?? 0) / 1000))
}
