import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from '@playwright/test'
import ts from 'typescript'
import { builtMain, rootDir } from './paths'
import { pack, shellPageScript, unpack } from './shellPage'

type FromHost =
  | { type: 'answer'; call: number; value?: unknown; error?: string }
  | { type: 'page'; channel: string; given: unknown[]; ports: number[] }
  | { type: 'port'; id: number; message: unknown }
  | { type: 'port-closed'; id: number }

/** The built desktop app: main in a Node process of its own, the page in Chromium. */
export interface BuiltShell {
  readonly url: string
  /** errors, warnings and policy violations of the page; empty when all went well */
  readonly trouble: readonly string[]
  chooseFile(filePath: string): Promise<unknown>
  menu(command: string): Promise<unknown>
  /** Quits the app and resolves to its exit code. */
  quit(): Promise<number | null>
  kill(): void
}

const standIn = 'https://querent.test'

/** Starts the built main process on the fake Electron, waits for its ready message, and connects a page to it. */
export async function openBuiltShell(page: Page, workspace: string): Promise<BuiltShell> {
  const folder = mkdtempSync(join(tmpdir(), 'querent-shell-'))
  const fakes = join(rootDir, 'test/fakes')
  const { outputText } = ts.transpileModule(readFileSync(join(fakes, 'electron.ts'), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  const fake = join(folder, 'electron.mjs')
  writeFileSync(fake, outputText)
  copyFileSync(join(fakes, 'utilityChild.mjs'), join(folder, 'utilityChild.mjs'))
  const trouble: string[] = []

  const host = fork(join(rootDir, 'test/support/shellHost.mjs'), [pathToFileURL(fake).href, pathToFileURL(builtMain('index')).href], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, QUERENT_WORKSPACE: workspace },
  })
  const exited = once(host, 'exit').then(([code]) => {
    rmSync(folder, { recursive: true })
    return code as number | null
  })
  const calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const ask = (message: { type: string } & Record<string, unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!host.connected) return resolve(undefined) // it quit; the page goes next
      const call = calls.size + 1
      calls.set(call, { resolve, reject })
      host.send({ ...message, call })
    })
  let ready: (value: 'ready') => void = () => {}
  const isReady = new Promise<'ready'>((resolve) => (ready = resolve))
  const inPage = (method: 'page' | 'port' | 'portClosed', ...given: unknown[]): void =>
    void page
      .evaluate(
        ([name, args]) => (globalThis as unknown as { __shell: Record<string, (...a: unknown[]) => void> }).__shell[name](...args),
        [method, given] as const,
      )
      .catch((error: Error) => {
        if (!page.isClosed()) trouble.push(error.message)
      })
  host.on('message', (message: FromHost | 'ready') => {
    if (message === 'ready') ready(message)
    else if (message.type === 'page') inPage('page', message.channel, pack(message.given), message.ports)
    else if (message.type === 'port') inPage('port', message.id, pack(message.message))
    else if (message.type === 'port-closed') inPage('portClosed', message.id)
    else if (message.error === undefined) calls.get(message.call)?.resolve(message.value)
    else calls.get(message.call)?.reject(new Error(message.error))
  })

  await Promise.race([isReady, exited.then((code) => Promise.reject(new Error(`main ended with ${code} before it was ready`)))])
  const window = (await ask({ type: 'window' })) as { url: string; width: number; height: number }
  await page.setViewportSize({ width: window.width, height: window.height })
  await page.route(`${standIn}/**`, async (route) => {
    const url = route.request().url().replace(standIn, 'app://querent')
    const reply = (await ask({ type: 'fetch', url })) as { status: number; headers: Record<string, string>; body: Uint8Array }
    await route.fulfill({ status: reply.status, headers: reply.headers, body: Buffer.from(reply.body) })
  })
  await page.exposeFunction('__invoke', async (channel: string, given: string) =>
    pack(await ask({ type: 'invoke', channel, given: unpack(given) })),
  )
  await page.exposeFunction('__send', (channel: string) => ask({ type: 'send', channel }))
  await page.exposeFunction('__port', (id: number, message: string) => ask({ type: 'port', id, message: unpack(message) }))
  await page.exposeFunction('__portClose', (id: number) => ask({ type: 'port-close', id }))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') trouble.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => trouble.push(`page: ${error.message}`))
  await page.addInitScript(shellPageScript(readFileSync(join(rootDir, 'out/preload/index.cjs'), 'utf8')))
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(
        `policy: ${event.violatedDirective} ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}:${event.columnNumber}`,
      ),
    ),
  )
  return {
    url: window.url.replace('app://querent', standIn),
    trouble,
    chooseFile: (filePath) => ask({ type: 'choose-file', filePath }),
    menu: (command) => ask({ type: 'menu', command }),
    quit: () => {
      host.send({ type: 'quit', call: 0 })
      return exited
    },
    kill: () => host.kill('SIGKILL'),
  }
}
