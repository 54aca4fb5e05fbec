import { describe, expect, it, vi } from 'vitest'
import { connectLab, portPair, serveLab, type Handlers, type Port } from '@contract/rpc'
import { decodeFrame, encodeFrame } from '@contract/wire'
import { QuerentError } from '@engine/core/errors'

/** Every carrier's way of copying a message; the suite below must hold for all. */
const carriers: Record<string, (message: unknown) => unknown> = {
  'structured clone': (message) => structuredClone(message),
  'binary frames': (message) => decodeFrame(encodeFrame(message)),
}

const handlers = {
  'settings.get': () => ({ theme: 'dark', jobs: 2, backend: 'auto' }),
  'settings.set': (patch: { jobs?: number }) => {
    if (patch.jobs === 64) throw new QuerentError('not-writable', 'the folder is read-only', { file: 'settings.json' }, { cause: new QuerentError('disk-full', 'no space') })
    return { theme: 'dark', jobs: patch.jobs ?? 'auto', backend: 'auto' }
  },
  'export.table': () => ({ name: 'rounds.csv', mime: 'text/csv', bytes: new Uint8Array([1, 2, 3]) }),
  'project.open': () => {
    throw new TypeError('a bug')
  },
} as unknown as Handlers

for (const [carrier, clone] of Object.entries(carriers)) {
  const connectPair = (): { client: ReturnType<typeof connectLab>; push: ReturnType<typeof serveLab>; raw: Port } => {
    const [server, raw] = portPair(clone)
    return { push: serveLab(server, handlers), client: connectLab(raw), raw }
  }

  describe(`lab line over ${carrier}`, () => {
    it('answers a command', async () => {
      expect(await connectPair().client.call('settings.get', {})).toEqual({ theme: 'dark', jobs: 2, backend: 'auto' })
    })

    it('keeps code, details and cause of an error, and hides the stack of others', async () => {
      const { client } = connectPair()
      const error = await client.call('settings.set', { jobs: 64 }).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(QuerentError)
      expect(error).toMatchObject({ code: 'not-writable', details: { file: 'settings.json' }, cause: { code: 'disk-full' } })
      expect(await client.call('project.open', { project: 'x' }).catch((e: unknown) => e)).toMatchObject({ code: 'internal', message: 'a bug' })
    })

    it('validates input at the edge', async () => {
      const { client } = connectPair()
      await expect(client.call('settings.set', { jobs: 0 })).rejects.toMatchObject({ code: 'bad-input', details: { path: 'jobs' } })
      await expect(client.call('settings.set', { theme: 'dark', extra: 1 } as never)).rejects.toMatchObject({ code: 'bad-input' })
      await expect(client.call('settings.gett' as never, {} as never)).rejects.toMatchObject({ code: 'bad-input', details: { nearest: 'settings.get' } })
      await expect(client.call('__proto__' as never, {} as never)).rejects.toMatchObject({ code: 'bad-input' })
    })

    it('carries bytes and typed arrays', async () => {
      const { client, push } = connectPair()
      expect((await client.call('export.table', { experiment: 'e', table: 'rounds' })).bytes).toEqual(new Uint8Array([1, 2, 3]))
      const heard = vi.fn()
      client.on('experiment.events', heard)
      const events = [['r', { seq: 0, type: 'artifact', name: 'scores', data: new Float64Array([0.1, NaN]), shape: [2] }]]
      push('experiment.events', { experiment: 'e', batch: 1, events } as never)
      await vi.waitFor(() => expect(heard).toHaveBeenCalledWith({ experiment: 'e', batch: 1, events }))
    })

    it('drops frames that are neither request nor reply, and goes on', async () => {
      const { client, raw } = connectPair()
      for (const junk of [null, 7, 'x', {}, { t: 'q' }, { t: 'q', m: 'toString', a: [] }, { t: 's' }, { t: 'q', i: 'z', m: 'call', a: [1, 2, 3, 4] }]) raw.post(junk)
      expect(await client.call('settings.get', {})).toMatchObject({ jobs: 2 })
    })

    it('rejects calls in flight and later ones when the line closes', async () => {
      const { client, raw } = connectPair()
      const lost = vi.fn()
      client.on('connection.changed', lost)
      const waiting = client.call('settings.get', {})
      raw.close()
      await expect(waiting).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.call('settings.get', {})).rejects.toMatchObject({ code: 'not-found' })
      expect(lost).toHaveBeenCalledWith('lost')
      expect(client.connection()).toBe('lost')
    })

    it('stops hearing after unsubscribing', async () => {
      const { client, push } = connectPair()
      const heard = vi.fn()
      const stop = client.on('queue.changed', heard)
      stop()
      push('queue.changed', {} as never)
      await client.call('settings.get', {})
      expect(heard).not.toHaveBeenCalled()
    })
  })
}

describe('binary frames', () => {
  it('survive any prefix of a frame without crashing', () => {
    const frame = encodeFrame({ a: new Float32Array([1, 2]), b: ['x', null, true, -1.5, 2 ** 40] })
    for (let cut = 0; cut < frame.length; cut++) expect(() => decodeFrame(frame.slice(0, cut))).toThrow()
  })
})
