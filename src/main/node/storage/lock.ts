import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, open, readFile, rename, rm, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { z } from '@engine/core/zod'
import { QuerentError } from '@engine/core/errors'
import { systemCode } from '../errors'

/** Ownership of a folder; it ends with the process, however that ends. */
export interface Lock {
  release(): Promise<void>
}

const holderSchema = z.object({ pid: z.number().int(), started: z.string().nullable(), host: z.string() })
type Holder = z.infer<typeof holderSchema>

/**
 * Takes the lock file, also from a holder that died without releasing it: a pid alone may have been given to another program,
 * so the process' start time is recorded too. Throws `locked` when a living process holds it.
 */
export async function acquireLock(file: string, what: string): Promise<Lock> {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), host: hostname() } satisfies Holder)
  for (;;) {
    try {
      const handle = await open(file, 'wx')
      try {
        await handle.writeFile(mine)
      } catch (error) {
        await unlink(file)
        throw error
      } finally {
        await handle.close()
      }
      return { release: () => rm(file, { force: true }) }
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) continue // released just now
    const holder = parseHolder(text)
    if (holder !== null && isAlive(holder)) throw lockedBy(holder, file, what)
    await removeStale(file, text)
  }
}

function lockedBy(holder: Holder, file: string, what: string): QuerentError {
  const elsewhere = holder.host !== hostname()
  const process = elsewhere ? `process ${holder.pid} on ${holder.host}` : `process ${holder.pid}`
  const expected = elsewhere ? `a free ${what}; delete this file when nothing runs on ${holder.host} any more` : `a free ${what}`
  return new QuerentError('locked', `this ${what} is in use by ${process}`, { file, found: process, expected })
}

/** Two processes may see the same stale lock: whoever moves it away checks that it moved that one. */
async function removeStale(file: string, staleText: string): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await rename(file, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== staleText) await link(aside, file).catch(() => undefined) // a new owner was quicker: give it back
  await rm(aside, { force: true })
}

function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return null // torn by a crash while it was written
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true // cannot be told from here
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false
  }
  return holder.started === null || startOf(holder.pid) === holder.started
}

/** A text that differs between two processes that had the same pid; null where the system does not tell. */
function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks}`
    }
    if (process.platform === 'win32') return null
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }).trim()
  } catch {
    return null
  }
}
