import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Handlers } from '@contract/rpc'
import { createDatasets } from '@main/lab/datasets'
import type { LabDependencies } from '@main/lab/dependencies'
import { createHub } from '@main/lab/hub'
import { findSaved, moveSaved, openSaved } from '@main/node/datasets/saved'
import { startHost, type Host } from '@main/node/server/host'
import { openSessions } from '@main/node/server/sessions'
import { temporaryFolder } from '../../support/cli'
import { refusal } from '../../support/errors'

const home = temporaryFolder()
const folder = join(home.path, 'waiting')
const files = openSaved(folder)
afterAll(() => home.dispose())
const waiting = (): string[] => (existsSync(folder) ? readdirSync(folder) : [])
async function made(text: string): Promise<string> {
  const { saved, path } = await files.newFile('größe a.csv')
  writeFileSync(path, text)
  return saved
}

describe('a file that waits for a window', () => {
  it('is known by a name that nobody can guess, and by no other path', async () => {
    const saved = await made('a')
    expect(saved).toMatch(/^[0-9a-f]{64}$/)
    expect(await findSaved(folder, saved)).toMatchObject({ name: 'größe a.csv', size: 1 })
    for (const other of ['', '..', `../waiting/${saved}`, saved.toUpperCase(), '0'.repeat(64)])
      expect(await findSaved(folder, other)).toBeNull()
    await files.drop(saved)
    expect(waiting()).toEqual([])
  })

  it('moves to where the user wants it, over what was there', async () => {
    const to = join(home.path, 'out.csv')
    writeFileSync(to, 'older')
    const saved = await made('newer')
    await moveSaved(folder, saved, to)
    expect(readFileSync(to, 'utf8')).toBe('newer')
    expect(waiting()).toEqual([])
    expect(await refusal(() => moveSaved(folder, saved, to))).toMatchObject({ code: 'not-found' })
    expect(await refusal(async () => moveSaved(folder, await made('b'), join(home.path, 'none', 'out.csv')))).toMatchObject({
      details: { file: join(home.path, 'none', 'out.csv') },
    })
    expect(waiting()).toEqual([])
  })

  it('is gone after a start', async () => {
    const again = join(home.path, 'again')
    mkdirSync(join(again, 'a'), { recursive: true })
    await openSaved(again).newFile('b.csv')
    expect(readdirSync(again)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  })
})

describe('the lab', () => {
  const save = (work: (file: string) => Promise<void>): Handlers['datasets.save'] & { stop(): Promise<void> } => {
    const job = {
      save: ({ file }: { file: string }, tell: (done: number) => void) => (tell(0.5), work(file)),
      dispose: async () => undefined,
    }
    const datasets = { ...files, open: async () => job } as unknown as LabDependencies['datasets']
    const viewing = { librarySource: async (id: string) => ({ source: { dataset: id } }) } as unknown as LabDependencies['viewing']
    const { handlers, stop } = createDatasets({ datasets, viewing }, createHub())
    return Object.assign(handlers['datasets.save'], { stop })
  }

  it('has a data set written by a process, and keeps nothing of what fails or is stopped', async () => {
    const before = waiting()
    const file = await save(async (path) => writeFileSync(path, 'x'))({ task: 'a', dataset: 'wine', format: 'csv' })
    expect(await findSaved(folder, file.saved)).toMatchObject({ name: 'wine.csv', size: 1 })
    await files.drop(file.saved)
    const failing = save((path) => (writeFileSync(`${path}.tmp`, 'x'), Promise.reject(new Error('the disk is full'))))
    await expect(failing({ task: 'a', dataset: 'wine', format: 'csv' })).rejects.toThrow('the disk is full')
    const endless = save((path) => (writeFileSync(`${path}.tmp`, 'x'), new Promise(() => undefined)))
    const stopping = expect(endless({ task: 'a', dataset: 'wine', format: 'csv' })).rejects.toMatchObject({ code: 'cancelled' })
    await new Promise((resume) => setTimeout(resume, 50))
    await endless.stop()
    await stopping
    expect(waiting()).toEqual(before)
  })
})

describe('the host', () => {
  let host: Host
  beforeAll(async () => {
    const sessions = openSessions(home.path)
    host = await startHost({ root: home.path, sessions, port: 0, attach: () => undefined, saved: folder })
  })
  afterAll(() => host.close())
  afterEach(() => Promise.all(waiting().map((saved) => files.drop(saved))))

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> =>
    new Promise((resolve, reject) =>
      request({ host: '127.0.0.1', port: host.port, path, headers, method }, resolve).on('error', reject).end(),
    )
  async function bodyOf(response: IncomingMessage): Promise<string> {
    let text = ''
    for await (const part of response.setEncoding('utf8')) text += part as string
    return text
  }

  it('sends it once, as a file and never as a page', async () => {
    const saved = await made('a,b\n1,2\n')
    const reply = await ask(`/saved/${saved}`)
    expect(reply.statusCode).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '8',
      'content-disposition': "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20a.csv",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    expect(await bodyOf(reply)).toBe('a,b\n1,2\n')
    await expect.poll(waiting).toEqual([])
    expect((await ask(`/saved/${saved}`)).statusCode).toBe(404)
  })

  it('refuses other names, methods, hosts and pages, and keeps the file for its own', async () => {
    const saved = await made('secret')
    const refused = async (...given: Parameters<typeof ask>): Promise<number | undefined> => (await ask(...given)).resume().statusCode
    expect(await refused(`/saved/${'0'.repeat(64)}`)).toBe(404)
    expect(await refused(`/saved/../waiting/${saved}`)).toBe(404)
    expect(await refused(`/saved/${saved}`, { host: 'evil.example' })).toBe(421)
    for (const site of ['cross-site', 'same-site', 'none']) expect(await refused(`/saved/${saved}`, { 'sec-fetch-site': site })).toBe(403)
    for (const method of ['POST', 'DELETE']) expect(await refused(`/saved/${saved}`, {}, method)).toBe(405)
    expect(await refused(`/saved/${saved}`, {}, 'HEAD')).toBe(403)
    expect(await bodyOf(await ask(`/saved/${saved}`, { 'sec-fetch-site': 'same-origin' }))).toBe('secret')
  })

  it('forgets one whose download is stopped', async () => {
    const saved = await made('x'.repeat(20_000_000))
    const reply = await ask(`/saved/${saved}`)
    reply.destroy()
    await expect.poll(waiting).toEqual([])
    expect((await ask('/')).statusCode).toBe(404) // the host lives on
  })
})
