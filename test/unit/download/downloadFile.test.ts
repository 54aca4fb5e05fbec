import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { discardPart, downloadFile, type DownloadProgress, type DownloadRequest } from '@main/node/download/downloadFile'
import { temporaryFolder } from '../../support/cli'
import { file, md5, sha256, startDownloadServer, status, type DownloadServer } from '../../support/downloadServer'
import { refusal } from '../../support/errors'

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)
const other = bytes.map((byte) => byte ^ 1)
const patience = { stallMs: 150, retries: 2, backoffMs: 1 }
const checksum = { algorithm: 'sha256', hex: sha256(bytes), of: 'file' } as const

let server: DownloadServer
let folder: ReturnType<typeof temporaryFolder>
let target: string
beforeAll(async () => void (server = await startDownloadServer()))
afterAll(() => server.close())
beforeEach(() => {
  folder = temporaryFolder()
  target = join(folder.path, 'in', 'data.bin')
})
afterEach(() => folder.dispose())

const get = (paths: readonly string[], more: Partial<DownloadRequest> = {}) =>
  downloadFile({ name: 'data.bin', urls: paths.map(server.url), file: target, mostBytes: 1_000_000, patience, ...more })
const fresh = (() => {
  let n = 0
  return () => `/file-${n++}`
})()

describe('a download', () => {
  it('brings the whole file, tells its progress and hash, and leaves nothing beside it', async () => {
    const path = fresh()
    server.serve(path, file(bytes))
    const heard: DownloadProgress[] = []
    const done = await get([path], { checksum, bytes: bytes.length, onProgress: (progress) => heard.push(progress) })
    expect(done).toEqual({ file: target, bytes: bytes.length, sha256: sha256(bytes), url: server.url(path) })
    expect(Buffer.compare(readFileSync(target), bytes)).toBe(0)
    expect(heard.at(-1)).toMatchObject({ phase: 'checking', received: bytes.length, total: bytes.length })
    expect(heard.some(({ phase }) => phase === 'receiving')).toBe(true)
    for (const left of ['.part', '.part.json', '.lock']) expect(existsSync(target + left)).toBe(false)
  })

  it('keeps a finished file and fetches a damaged one again', async () => {
    const path = fresh()
    server.serve(path, file(bytes))
    await get([path], { checksum })
    expect(await get([path], { checksum })).toMatchObject({ url: null })
    expect(server.asked(path)).toHaveLength(1)
    writeFileSync(target, other)
    expect(await get([path], { checksum })).toMatchObject({ url: server.url(path) })
    expect(sha256(readFileSync(target))).toBe(checksum.hex)
  })

  it('goes on where the connection broke', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { breakAfter: 100_000 }), file(bytes, { breakAfter: 100_000 }), file(bytes))
    await get([path], { checksum })
    expect(sha256(readFileSync(target))).toBe(checksum.hex)
    expect(server.asked(path)).toEqual(['', 'bytes=100000-', 'bytes=200000-'])
  })

  it('goes on after a stop, in a later call', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { stallAfter: 120_000 }), file(bytes))
    const stop = new AbortController()
    const error = await refusal(() =>
      get([path], {
        checksum,
        signal: stop.signal,
        onProgress: () => setTimeout(() => stop.abort(), 50),
        patience: { ...patience, stallMs: 5000 },
      }),
    )
    expect(error.code).toBe('cancelled')
    expect(existsSync(target)).toBe(false)
    await get([path], { checksum })
    expect(server.asked(path)).toEqual(['', 'bytes=120000-'])
    expect(sha256(readFileSync(target))).toBe(checksum.hex)
  })

  it('starts over after `discardPart`', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { breakAfter: 100_000 }))
    await refusal(() => get([path], { patience: { ...patience, retries: 0 } }))
    await discardPart(target)
    server.serve(path, file(bytes))
    await get([path], { checksum })
    expect(server.asked(path)).toEqual(['', ''])
  })

  it('starts over when the file on the server changed between two parts', async () => {
    const honest = fresh()
    server.serve(honest, file(other, { breakAfter: 100_000 }), file(bytes))
    await get([honest], { checksum })
    // This server ignores If-Range and sends the rest of the new file.
    const careless = fresh()
    server.serve(careless, file(other, { etag: '"1"', breakAfter: 100_000 }), (request, response) => {
      delete request.headers['if-range']
      file(bytes, { etag: '"2"' })(request, response)
    })
    await discardPart(target)
    writeFileSync(target, other)
    await get([careless], { checksum })
    expect(server.asked(careless)).toEqual(['', 'bytes=100000-', ''])
    expect(sha256(readFileSync(target))).toBe(checksum.hex)
  })

  it('starts over where the server ignores ranges, or names nothing to know the file by', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { breakAfter: 100_000 }), file(bytes, { ignoreRange: true }))
    await get([path], { checksum })
    const nameless = fresh()
    server.serve(nameless, file(bytes, { etag: '', breakAfter: 100_000 }), file(bytes, { etag: '' }))
    writeFileSync(target, other)
    await get([nameless], { checksum })
    expect(server.asked(nameless)).toEqual(['', ''])
  })

  it('does not trust a range that begins elsewhere, and starts over at 416', async () => {
    const path = fresh()
    const wrong = (_: unknown, response: import('node:http').ServerResponse): void =>
      void response.writeHead(206, { 'content-range': 'bytes 5-9/300000', etag: `"${md5(bytes)}"` }).end('12345')
    server.serve(path, file(bytes, { breakAfter: 100_000 }), wrong, file(bytes, { breakAfter: 50_000 }), status(416), file(bytes))
    await get([path], { checksum, patience: { ...patience, retries: 4 } })
    expect(server.asked(path)).toEqual(['', 'bytes=100000-', '', 'bytes=50000-', ''])
  })

  it('gives up on a silent server', async () => {
    const path = fresh()
    server.serve(path, () => undefined)
    const error = await refusal(() => get([path], { patience: { ...patience, stallMs: 40, retries: 1 } }))
    expect(error).toMatchObject({ code: 'network', message: expect.stringContaining('no byte came') as unknown })
    expect(server.asked(path)).toHaveLength(2)
  })

  it('does not ask forever a server that always breaks off at the same place', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { ignoreRange: true, breakAfter: 1000 }))
    const error = await refusal(() => get([path], { checksum }))
    expect(error.code).toBe('network')
    expect(server.asked(path).length).toBeLessThanOrEqual(4)
  })

  it('waits as long as a busy server asks for', async () => {
    const path = fresh()
    server.serve(path, status(503, { 'retry-after': '0' }), status(429), file(bytes))
    await get([path], { checksum })
    expect(server.asked(path)).toHaveLength(3)
  })
})

describe('what is refused', () => {
  it.each([
    ['403', status(403), /does not give it to everybody \(403\)/],
    ['404', status(404), /not there any more \(404\)/],
    ['418', status(418), /unexpected answer \(418\)/],
    ['a web page', file(new TextEncoder().encode('<html>log in'), { type: 'text/html; charset=utf-8' }), /a web page, not with the file/],
    [
      'a web page under another type',
      file(new TextEncoder().encode('\n<!DOCTYPE html><html>log in'), { length: null }),
      /a web page, not with the file/,
    ],
    ['a file of other size', file(bytes.subarray(0, 1000)), /has another file/],
    ['redirects to nowhere', status(302), /redirects to nowhere/],
    ['redirects to files', status(302, { location: 'file:///etc/passwd' }), /not safe/],
    ['a redirect loop', status(301, { location: '?again' }), /more than 8 redirects/],
  ])('%s, at the first asking', async (_what, answer, message) => {
    const path = fresh()
    server.serve(path, answer)
    server.serve(`${path}?again`, answer)
    const error = await refusal(() => get([path], { bytes: bytes.length }))
    expect(error).toMatchObject({ code: 'network', message: expect.stringMatching(message) as unknown })
    expect(server.asked(path)).toHaveLength(1)
    expect(existsSync(target)).toBe(false)
  })

  it('a body beyond the limit, announced or not', async () => {
    const path = fresh()
    server.serve(path, file(bytes), file(bytes, { length: null }))
    for (let i = 0; i < 2; i++) {
      const error = await refusal(() => get([path], { mostBytes: 200_000 }))
      expect(error).toMatchObject({ code: 'network', details: { expected: 'at most 200000 bytes' } })
    }
  })

  it('a length that does not hold', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { length: bytes.length + 5 }))
    // More is announced than comes: the connection stays open and silent.
    const error = await refusal(() => get([path], { patience: { ...patience, stallMs: 60, retries: 0 } }))
    expect(error.code).toBe('network')
  })

  it('a file that ends before the published size, where no length is announced', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { length: null }))
    const error = await refusal(() => get([path], { bytes: bytes.length + 1, patience: { ...patience, retries: 0 } }))
    expect(error.message).toContain('ended too early')
  })

  it('corrupted bytes, once asked for again', async () => {
    const path = fresh()
    server.serve(path, file(other))
    const error = await refusal(() => get([path], { checksum }))
    expect(error).toMatchObject({
      code: 'bad-input',
      details: { found: `SHA-256 ${sha256(other)}`, expected: `SHA-256 ${checksum.hex}`, path: server.url(path) },
    })
    expect(server.asked(path)).toEqual(['', ''])
    expect(existsSync(`${target}.part`)).toBe(false)
    server.serve(path, file(other), file(bytes))
    await get([path], { checksum: { algorithm: 'md5', hex: md5(bytes), of: 'file' } })
  })

  it('unpacked bytes that are not the published ones; another packing of the published ones is taken', async () => {
    const unpacked = { algorithm: 'sha256', hex: sha256(bytes), of: 'unpacked' } as const
    const path = fresh()
    server.serve(path, file(gzipSync(bytes, { level: 1 })))
    await get([path], { checksum: unpacked })
    server.serve(path, file(gzipSync(other)))
    writeFileSync(target, 'no gzip')
    expect((await refusal(() => get([path], { checksum: unpacked }))).details.found).toContain('unpacked')
    server.serve(path, file(gzipSync(bytes).subarray(0, 1000)))
    expect((await refusal(() => get([path], { checksum: unpacked }))).details.found).toBe('damaged gzip data')
  })

  it('addresses that are none', async () => {
    for (const url of ['ftp://a/b', 'file:///etc/passwd', 'nonsense'])
      expect((await refusal(() => downloadFile({ name: 'x', urls: [url], file: target }))).code).toBe('bad-input')
    expect((await refusal(() => downloadFile({ name: 'x', urls: [], file: target }))).message).toContain('no address')
  })

  it('a second download of the same file at the same time', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { slowMs: 2 }))
    const stop = new AbortController()
    const first = get([path], { signal: stop.signal }).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect((await refusal(() => get([path]))).code).toBe('locked')
    stop.abort()
    expect(await first).toMatchObject({ code: 'cancelled' })
  })

  it.skipIf(!existsSync('/dev/full'))('a full disk, at once, at any address', async () => {
    mkdirSync(join(folder.path, 'in'))
    symlinkSync('/dev/full', `${target}.part`)
    const [path, mirror] = [fresh(), fresh()]
    server.serve(path, file(bytes))
    expect(await refusal(() => get([path, mirror]))).toMatchObject({ code: 'disk-full', details: { file: target } })
    expect(server.asked(mirror)).toEqual([])
  })

  it('a file that does not fit on the disk, before anything is written', async () => {
    const path = fresh()
    server.serve(path, file(bytes, { length: 2 ** 52 }))
    expect((await refusal(() => get([path], { mostBytes: 2 ** 53 }))).code).toBe('disk-full')
    expect(existsSync(`${target}.part`)).toBe(false)
  })

  it('a place that cannot be written, naming it', async () => {
    mkdirSync(join(folder.path, 'in'))
    mkdirSync(`${target}.part`)
    const path = fresh()
    server.serve(path, file(bytes))
    expect(await refusal(() => get([path]))).toMatchObject({ code: 'bad-input', details: { file: target } })
  })
})

describe('mirrors', () => {
  it('are asked in order, and named when none helps', async () => {
    const [gone, html, good] = [fresh(), fresh(), fresh()]
    server.serve(gone, status(404))
    server.serve(html, file(new TextEncoder().encode('<html>'), { type: 'text/html' }))
    server.serve(good, file(bytes))
    expect(await get([gone, html, good], { checksum })).toMatchObject({ url: server.url(good) })
    writeFileSync(target, other)
    const error = await refusal(() => get([gone, html], { checksum }))
    expect(error.message).toMatch(/any of 2 addresses: .*404.*web page/)
  })

  it('never mix their bytes: a part goes on at its own address only', async () => {
    const [first, second] = [fresh(), fresh()]
    server.serve(first, file(bytes, { breakAfter: 100_000 }), status(404))
    server.serve(second, file(bytes, { breakAfter: 50_000 }), status(404))
    await refusal(() => get([first, second], { checksum, patience: { ...patience, retries: 1 } }))
    server.serve(second, file(bytes))
    await get([first, second], { checksum })
    expect(server.asked(second)).toEqual(['', 'bytes=50000-', 'bytes=50000-'])
    expect(server.asked(first)).toEqual(['', 'bytes=100000-'])
  })
})
