import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { acquireLock } from '@main/node/storage/lock'
import { temporaryFolder } from '../../support/cli'

const folder = temporaryFolder()
const file = join(folder.path, '.lock')
afterAll(() => folder.dispose())

interface Holder {
  pid: number
  started: string | null
  host: string
}

/** What this process writes into a lock, changed. */
async function lockOf(change: Partial<Holder>): Promise<void> {
  const lock = await acquireLock(file, 'folder')
  const holder = { ...(JSON.parse(readFileSync(file, 'utf8')) as Holder), ...change }
  await lock.release()
  writeFileSync(file, JSON.stringify(holder))
}

describe('a lock', () => {
  it('is taken once and free after its release', async () => {
    const lock = await acquireLock(file, 'folder')
    await expect(acquireLock(file, 'folder')).rejects.toMatchObject({ code: 'locked', details: { file, found: `process ${process.pid}` } })
    await lock.release()
    expect(existsSync(file)).toBe(false)
  })

  it.each([
    ['whose process is gone', { pid: 2 ** 22 + 1 }],
    ['whose pid was given to another program', { started: 'earlier' }],
  ])('%s is taken over', async (_, change) => {
    await lockOf(change)
    const lock = await acquireLock(file, 'folder')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid })
    await lock.release()
  })

  it('torn by a crash is taken over', async () => {
    writeFileSync(file, '{"pid":')
    await (await acquireLock(file, 'folder')).release()
  })

  it('of another machine stays, and the message says what to do', async () => {
    await lockOf({ host: 'elsewhere' })
    await expect(acquireLock(file, 'folder')).rejects.toMatchObject({
      code: 'locked',
      details: { expected: expect.stringContaining('delete this file') as unknown },
    })
    writeFileSync(file, '')
  })

  it('goes to one of many that see it stale', async () => {
    await lockOf({ pid: 2 ** 22 + 1 })
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(file, 'folder')))
    const taken = results.filter((result) => result.status === 'fulfilled')
    expect(taken).toHaveLength(1)
    await taken[0].value.release()
  })
})
