import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectLab, serveLab, type Handlers, type Port } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'

/** A carrier under test: makes connected lines between a served lab and a client in this process. */
export interface Carrier {
  /** `server` is the lab's end. */
  open(): Promise<{ readonly server: Port; readonly client: Port }>
  dispose(): Promise<void>
}

const manyBytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)

const handlers = {
  'settings.get': () => ({ theme: 'dark', jobs: 2, backend: 'auto' }),
  'settings.set': ({ jobs = 'auto' }: { jobs?: number | 'auto' }) => {
    if (jobs === 64)
      throw new QuerentError(
        'not-writable',
        'the folder is read-only',
        { file: 'settings.json', line: 3 },
        { cause: new QuerentError('disk-full', 'no space') },
      )
    return { theme: 'dark', jobs, backend: 'auto' }
  },
  'export.table': () => ({ name: 'rounds.csv', mime: 'text/csv', bytes: manyBytes }),
  'queue.get': () => new Promise(() => undefined), // never answers
  'project.open': () => {
    throw new TypeError('a bug')
  },
} as unknown as Handlers

/** What every carrier of the lab's line must do. */
export function transportSuite(name: string, createCarrier: () => Promise<Carrier>): void {
  describe(`the lab's line over ${name}`, () => {
    let carrier: Carrier
    beforeAll(async () => {
      carrier = await createCarrier()
    })
    afterAll(() => carrier.dispose())

    const connect = async (onLost?: () => void) => {
      const { server, client: raw } = await carrier.open()
      return { push: serveLab(server, handlers), client: connectLab(raw, onLost), server, raw }
    }

    it('answers a command', async () => {
      expect(await (await connect()).client.call('settings.get', {})).toEqual({ theme: 'dark', jobs: 2, backend: 'auto' })
    })

    it('keeps calls apart and lines apart', async () => {
      const [one, other] = [await connect(), await connect()]
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((jobs) => (jobs % 2 ? one : other).client.call('settings.set', { jobs })))
      expect(answers.map(({ jobs }) => jobs)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('keeps code, details and cause of an error, and no stack of others', async () => {
      const { client } = await connect()
      const error = await client.call('settings.set', { jobs: 64 }).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(QuerentError)
      expect(error).toMatchObject({ code: 'not-writable', details: { file: 'settings.json', line: 3 }, cause: { code: 'disk-full' } })
      expect(await client.call('project.open', { project: 'x' }).catch((e: unknown) => e)).toMatchObject({
        code: 'internal',
        message: 'a bug',
      })
    })

    it('validates input at the edge', async () => {
      const { client } = await connect()
      await expect(client.call('settings.set', { jobs: 0 })).rejects.toMatchObject({ code: 'bad-input', details: { path: 'jobs' } })
      await expect(client.call('settings.set', { theme: 'dark', extra: 1 } as never)).rejects.toMatchObject({ code: 'bad-input' })
      await expect(client.call('settings.gett' as never, {} as never)).rejects.toMatchObject({
        code: 'bad-input',
        details: { nearest: 'settings.get' },
      })
      await expect(client.call('__proto__' as never, {} as never)).rejects.toMatchObject({ code: 'bad-input' })
    })

    it('carries bytes and typed arrays, NaN too', async () => {
      const { client, push } = await connect()
      const { bytes } = await client.call('export.table', { experiment: 'e', table: 'rounds' })
      expect(Buffer.compare(bytes, manyBytes)).toBe(0)
      const events = [['r', { seq: 0, type: 'artifact', name: 'scores', data: new Float64Array([0.1, NaN, -0]), shape: [3] }]]
      const told = new Promise((resolve) => client.on('experiment.events', resolve))
      push('experiment.events', { experiment: 'e', batch: 1, events } as never)
      expect(await told).toEqual({ experiment: 'e', batch: 1, events })
    })

    it('keeps the order of events and answers', async () => {
      const { client, push, server } = await connect()
      const seen: unknown[] = []
      client.on('experiment.events', ({ batch }) => seen.push(batch))
      server.onMessage(() => {
        for (let batch = 1; batch <= 50; batch++) push('experiment.events', { experiment: 'e', batch, events: [] })
      })
      await client.call('settings.get', {}).then(() => seen.push('answer'))
      await vi.waitFor(() => expect(seen).toHaveLength(51))
      expect(seen.filter((item) => item !== 'answer')).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    })

    it('drops messages that are neither request nor reply, and goes on', async () => {
      const { client, raw } = await connect()
      for (const junk of [
        null,
        7,
        'x',
        {},
        { t: 'q' },
        { t: 'q', m: 'toString', a: [] },
        { t: 's' },
        { t: 's', i: 'never asked', r: 1 },
        { t: 'q', i: 'z', m: 'call', a: [1, 2, 3, 4] },
        { t: 'q', m: 'event', a: ['queue.changed', {}] },
      ])
        raw.post(junk)
      expect(await client.call('settings.get', {})).toMatchObject({ jobs: 2 })
    })

    it('rejects calls in flight and later ones when the client closes', async () => {
      const { client } = await connect()
      const lost = vi.fn()
      client.on('connection.changed', lost)
      const waiting = client.call('queue.get', {})
      client.close()
      await expect(waiting).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.call('settings.get', {})).rejects.toMatchObject({ code: 'not-found' })
      expect(lost).toHaveBeenCalledExactlyOnceWith('lost')
      expect(client.connection()).toBe('lost')
    })

    it('notices when the other side goes away, on both sides', async () => {
      const told = vi.fn()
      const { client, server } = await connect(told)
      const waiting = client.call('queue.get', {})
      server.close()
      await expect(waiting).rejects.toMatchObject({ code: 'not-found' })
      expect(told).toHaveBeenCalledTimes(1)

      const other = await connect()
      const left = new Promise<void>((resolve) => other.server.onClose(resolve))
      other.client.close()
      await left
      other.push('queue.changed', {} as never) // nobody hears it, nothing breaks
    })

    it('stops hearing after unsubscribing', async () => {
      const { client, push } = await connect()
      const heard = vi.fn()
      client.on('queue.changed', heard)()
      push('queue.changed', {} as never)
      await client.call('settings.get', {})
      expect(heard).not.toHaveBeenCalled()
    })
  })
}
