import { describe, expect, it } from 'vitest'
import type { ExtractionRequest, ExtractionState, FeatureInfo, FeatureNetwork } from '@contract/features'
import { QuerentError } from '@engine/core/errors'
import { createExtractions } from '@main/lab/extractions'
import { createHub } from '@main/lab/hub'
import { createNotices } from '@main/lab/notices'
import type { FeatureAssignment } from '@main/lab/ports'
import { refusal } from '../../support/errors'

const network: FeatureNetwork = {
  id: 'net',
  title: 'Net',
  reads: 'images',
  width: 8,
  source: 'a paper',
  licence: 'MIT',
  bytes: 1000,
  hosts: ['example.org'],
  isHere: false,
  settings: { size: [4, 4], mean: [0.5], filter: 'bicubic' },
}

/** A store of 100 rows: a process makes rows until `reach`, then waits to be ended; what is made stays. */
function world(unfinished: readonly ExtractionRequest[] = []) {
  const there = { made: 0, reach: 100, fault: null as QuerentError | null, room: Infinity, slowFetch: false }
  const asked: FeatureAssignment[] = []
  const forgotten: string[] = []
  const noted: string[][] = []
  const heard: ExtractionState[] = []
  const hub = createHub()
  hub.attach((event, payload) => event === 'features.changed' && heard.push(payload as ExtractionState))
  let [id, ticks] = [0, 0]
  const notices = createNotices(hub, { now: () => new Date(0) }, () => `notice-${++id}`)
  const source = { dataset: 'digits', datasetName: 'digits', datasetSha256: 'd', baseDir: '/' }
  const lab = createExtractions(
    {
      clock: { now: () => new Date(0), ticks: () => (ticks += 100) },
      storage: {
        requireRoom: async (bytes: number) => {
          if (bytes > there.room) throw new QuerentError('disk-full', `no room for ${bytes} bytes`)
        },
      } as never,
      viewing: {
        librarySource: async (dataset: string) => {
          if (dataset !== 'digits') throw new QuerentError('not-found', `the library has no data set ${dataset}`)
          return { source, rows: 100 }
        },
      } as never,
      datasets: {
        uploaded: async (upload: string) => [`/uploads/${upload}/encoder.onnx`, `/uploads/${upload}/tokenizer.json`],
        forget: async (upload: string) => void forgotten.push(upload),
      } as never,
      features: {
        list: async () => [],
        networks: () => [network],
        unfinished: async () => unfinished,
        noteUnfinished: async (requests) => void noted.push(requests.map(({ dataset }) => dataset)),
        fetch: async (_network, signal, onProgress) => {
          onProgress({ received: 400, total: 1000, etaMs: 7 })
          if (there.slowFetch) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
          return '/models/net/model.onnx'
        },
        open: async () => {
          let end = (): void => undefined
          const ended = new Promise<never>((_, reject) => (end = () => reject(new QuerentError('job-crashed', 'ended'))))
          ended.catch(() => undefined)
          return {
            features: async (assignment, onProgress) => {
              asked.push(assignment)
              if (there.fault) throw there.fault
              for (; there.made < there.reach; there.made += 10) onProgress({ rows: there.made, total: 100 })
              if (there.made < 100) await ended
              onProgress({ rows: 100, total: 100 })
              return { name: assignment.name ?? 'encoder', dataset: 'digits', rows: 100, width: 8 } as FeatureInfo
            },
            dispose: async () => end(),
          }
        },
      },
    },
    hub,
    notices,
  )
  const start = async (change: Partial<ExtractionRequest> = {}): Promise<void> => {
    await lab.handlers['features.extract']({ dataset: 'digits', network: { preset: 'net' }, ...change })
    await turn()
  }
  const state = async (): Promise<ExtractionState | undefined> => (await lab.handlers['features.extractions']({}))[0]
  return { there, asked, forgotten, noted, heard, notices, lab, start, state }
}
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('extractions of the lab', () => {
  it('download the network, make the rows with its settings, and tell how long it takes', async () => {
    const { asked, heard, notices, start, state } = world()
    await start({ std: [0.25], mean: [0.1] })
    expect(heard.find(({ step }) => step === 'download')).toMatchObject({ done: 400, total: 1000, etaMs: 7 })
    const rows = heard.filter(({ step, total }) => step === 'rows' && total !== null)
    expect(rows[0]).toMatchObject({ done: 0, etaMs: null })
    expect(rows[5].etaMs).toBeGreaterThan(0)
    expect(asked).toMatchObject([
      {
        dataset: 'digits',
        name: 'net',
        from: { model: '/models/net/model.onnx', settings: { size: [4, 4], filter: 'bicubic', mean: [0.1], std: [0.25] } },
      },
    ])
    expect(await state()).toMatchObject({ phase: 'done', done: 100, error: null })
    expect(notices.list()).toMatchObject([{ severity: 'note', title: 'Made the features net' }])
  })

  it('stop at once and go on where they were', async () => {
    const { there, heard, lab, notices, start, state } = world()
    there.reach = 40
    await start()
    expect(await state()).toMatchObject({ phase: 'running', done: 30, total: 100 })
    expect((await refusal(() => start())).code).toBe('locked')
    await lab.handlers['features.stop']({ dataset: 'digits' })
    expect(await state()).toMatchObject({ phase: 'stopped', done: 30, error: null })
    expect(notices.list()).toEqual([])
    there.reach = 100
    heard.length = 0
    const { request } = (await state())!
    await lab.handlers['features.extract'](request)
    await turn()
    expect(heard.find(({ total, step }) => total === 100 && step === 'rows')).toMatchObject({ done: 40, etaMs: null })
    expect(await state()).toMatchObject({ phase: 'done' })
  })

  it('are shown as stopped by the next session, which goes on with them', async () => {
    const first = world()
    first.there.reach = 40
    await first.start()
    expect(first.noted).toEqual([['digits']]) // also where the host is killed
    await first.lab.stop()
    const request = { dataset: 'digits', network: { preset: 'net' } }
    const next = world([request])
    expect(await next.state()).toEqual({ request, phase: 'stopped', step: 'rows', done: 0, total: null, etaMs: null, error: null })
    await next.start()
    expect(await next.state()).toMatchObject({ phase: 'done' })
    expect(next.noted).toEqual([['digits'], []])
    const sent = world()
    sent.there.reach = 40
    await sent.start({ network: { files: { upload: 'u1' } } })
    expect(sent.noted).toEqual([[]]) // the file goes with the host
  })

  it('stop while the network is downloaded, also with the lab', async () => {
    const { there, asked, lab, start, state } = world()
    there.slowFetch = true
    await start()
    await lab.stop()
    expect(await state()).toMatchObject({ phase: 'stopped', step: 'download', done: 400 })
    expect(asked).toEqual([])
  })

  it('take a file that was sent, keep it over a failure, and forget it in the end', async () => {
    const { there, asked, forgotten, notices, start, state } = world()
    there.fault = new QuerentError('bad-input', 'encoder.onnx: 2 values of mean for 1 channels', { path: 'mean' })
    await start({ network: { files: { upload: 'u1' } }, mean: [1, 2] })
    expect(await state()).toMatchObject({ phase: 'failed', error: { code: 'bad-input', details: { path: 'mean' } } })
    expect(notices.list()).toMatchObject([{ severity: 'error' }])
    expect(forgotten).toEqual([])
    there.fault = null
    await start({ network: { files: { upload: 'u1' } } })
    expect(asked[1]).toMatchObject({ from: { model: '/uploads/u1/encoder.onnx', settings: {} } })
    expect(asked[1].name).toBeUndefined()
    expect(await state()).toMatchObject({ phase: 'done' })
    expect(forgotten).toEqual(['u1'])
  })

  it('forget a file that another took the place of', async () => {
    const { there, forgotten, start } = world()
    there.fault = new QuerentError('bad-input', 'no network')
    await start({ network: { files: { upload: 'u1' } } })
    await start({ network: { files: { upload: 'u2' } } })
    expect(forgotten).toEqual(['u1'])
  })

  it('refuse what cannot be: no .onnx file, no such network or data set, no room', async () => {
    const { there, asked, start, state } = world()
    await start({ network: { files: { paths: ['/home/weights.bin', 'C:\\nets\\a.pt'] } } })
    expect(await state()).toMatchObject({ phase: 'failed', error: { details: { path: 'network', found: 'weights.bin, a.pt' } } })
    expect(asked).toEqual([])
    expect((await refusal(() => start({ network: { preset: 'nett' } }))).details).toMatchObject({ path: 'network', nearest: 'net' })
    expect((await refusal(() => start({ dataset: 'digit' }))).code).toBe('not-found')
    there.room = 1000 + 100 * 8 * 4 - 1
    expect((await refusal(() => start())).code).toBe('disk-full')
  })
})
