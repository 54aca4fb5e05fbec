import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { labellingSessions, removedSessions } from '@main/node/labelling/sessions'
import { temporaryFolder } from '../../support/cli'

it('keeps a removed session for a month', async () => {
  const folder = temporaryFolder()
  try {
    const root = folder.path
    const make = (path: string): void => {
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'session.json'), '{}')
    }
    const none = (): never => {
      throw new Error('no process is needed')
    }
    const sessions = labellingSessions(root, join(root, 'library'), { spawn: none }, {} as never)
    make(join(root, 'now'))
    const daysAgo = (days: number): Date => new Date(new Date().getTime() - days * 86_400_000)
    for (const [name, days] of [
      ['recent', 29],
      ['old', 31],
    ] as const) {
      make(join(removedSessions(root), name))
      utimesSync(join(removedSessions(root), name), daysAgo(days), daysAgo(days))
    }
    await sessions.remove('now')
    expect(['now', 'recent', 'old'].map((name) => existsSync(join(removedSessions(root), name)))).toEqual([true, true, false])
    expect(existsSync(join(root, 'now'))).toBe(false)
  } finally {
    folder.dispose()
  }
})
