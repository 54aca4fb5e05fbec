import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeAtomic } from '../storage/files'

const kept = 50
const sessionFile = z.object({ format: z.literal(1), sessions: z.array(z.string().regex(/^[0-9a-f]{64}$/)) })

/** Tokens of the loopback host: one single-use launch token per start, session tokens that outlive a restart. */
export interface Sessions {
  readonly launchToken: string
  /** A session token for an unused launch token, else null. */
  exchange(launchToken: string): Promise<string | null>
  isSession(token: string): boolean
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
const newToken = (): string => randomBytes(32).toString('hex')

/** Session tokens are stored as hashes, readable by the owner only. */
export function openSessions(workspace: string): Sessions {
  const file = join(workspace, 'sessions.json')
  let sessions = load(file)
  const launchToken = newToken()
  let launchable = true
  return {
    launchToken,
    exchange: async (token) => {
      if (!launchable || !timingSafeEqual(digest(token), digest(launchToken))) return null
      launchable = false
      const session = newToken()
      sessions = [...sessions, digest(session).toString('hex')].slice(-kept)
      // Where it cannot be kept, the session lasts as long as this process.
      await writeAtomic(file, JSON.stringify({ format: 1, sessions }), 0o600).catch(() => undefined)
      return session
    },
    isSession: (token) => {
      const given = digest(token)
      return sessions.some((hash) => timingSafeEqual(given, Buffer.from(hash, 'hex')))
    },
  }
}

function load(file: string): string[] {
  try {
    return sessionFile.parse(JSON.parse(readFileSync(file, 'utf8'))).sessions
  } catch {
    return [] // absent or damaged: everyone launches again
  }
}
