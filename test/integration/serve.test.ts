import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectLab, type Port } from '@contract/rpc'
import { decodeFrame, encodeFrame } from '@contract/wire'
import { cli, startCli, temporaryFolder, type RunningCli } from '../support/cli'

const folder = temporaryFolder()
const hosts = new Set<RunningCli>()

interface Served {
  readonly running: RunningCli
  readonly port: number
  readonly token: string
  readonly origin: string
}

/** Starts `querent serve` and waits for its first line. */
async function serve(workspace: string, ...more: string[]): Promise<Served> {
  const running = startCli(folder.path, 'serve', '--workspace', workspace, ...more)
  hosts.add(running)
  const line = await Promise.race([
    once(createInterface({ input: running.child.stdout! }), 'line').then(([text]) => text as string),
    running.result.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])
  const [, port, token] = /^http:\/\/127\.0\.0\.1:(\d+)\/#token=([0-9a-f]{64})$/.exec(line) ?? []
  if (token === undefined) throw new Error(`not an address: ${line}`)
  return { running, port: Number(port), token, origin: `http://127.0.0.1:${port}` }
}

const stop = async (running: RunningCli, signal: NodeJS.Signals = 'SIGTERM') => {
  running.child.kill(signal)
  hosts.delete(running)
  return running.result
}

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
const ask = (port: number, path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject).end()
  })

const exchange = ({ port, origin, token }: Served, given = token): Promise<Reply> =>
  ask(port, '/session', { method: 'POST', headers: { origin, authorization: `Bearer ${given}` } })

const socketTo = (port: number, token: string, headers: Record<string, string> = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${port}/lab`, ['querent.v1', `token.${token}`], {
    headers: { origin: `http://127.0.0.1:${port}`, ...headers },
  })

const refusalOf = async (socket: WebSocket): Promise<number> => {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
  socket.on('error', () => undefined)
  socket.terminate()
  return response.statusCode
}

async function clientOf(port: number, session: string): Promise<ReturnType<typeof connectLab>> {
  const socket = socketTo(port, session)
  await once(socket, 'open')
  const line: Port = {
    post: (message) => socket.send(encodeFrame(message)),
    onMessage: (listener) => void socket.on('message', (data: Buffer) => listener(decodeFrame(data))),
    onClose: (listener) => void socket.on('close', listener),
    close: () => socket.close(),
  }
  return connectLab(line)
}

afterAll(async () => {
  await Promise.all([...hosts].map((running) => stop(running, 'SIGKILL')))
  folder.dispose()
})

describe('querent serve', () => {
  let host: Served
  let session: string
  beforeAll(async () => {
    host = await serve('first')
    session = (await exchange(host)).body
  })

  it('takes a workspace relative to the caller and owns it', () => {
    expect(readdirSync(join(folder.path, 'first'))).toEqual(expect.arrayContaining(['lock', 'projects', 'workspace.json', 'sessions.json']))
  })

  it('gives a session for the launch token once', async () => {
    expect(session).toMatch(/^[0-9a-f]{64}$/)
    expect((await exchange(host)).status).toBe(401)
    expect((await exchange(host, 'f'.repeat(64))).status).toBe(401)
    expect((await exchange(host, 'short')).status).toBe(401)
    expect(
      (
        await ask(host.port, '/session', {
          method: 'POST',
          headers: { authorization: `Bearer ${host.token}`, origin: 'http://example.org' },
        })
      ).status,
    ).toBe(403)
    expect((await ask(host.port, '/session', { method: 'POST', headers: { authorization: `Bearer ${host.token}` } })).status).toBe(403)
    const kept = join(folder.path, 'first', 'sessions.json')
    expect(readFileSync(kept, 'utf8')).not.toContain(session)
    expect(statSync(kept).mode & 0o077).toBe(0)
  })

  it('answers the lab to a session', async () => {
    const client = await clientOf(host.port, session)
    expect(await client.call('app.info', {})).toMatchObject({ transport: 'web', workspace: join(folder.path, 'first') })
    expect((await client.call('workspace.get', {})).projects).toHaveLength(1)
    client.close()
  })

  it('refuses a line without session, from another page, under another name', async () => {
    expect(await refusalOf(socketTo(host.port, 'f'.repeat(64)))).toBe(401)
    expect(await refusalOf(socketTo(host.port, host.token))).toBe(401)
    expect(await refusalOf(socketTo(host.port, session, { origin: 'http://example.org' }))).toBe(403)
    expect(await refusalOf(socketTo(host.port, session, { origin: `https://127.0.0.1:${host.port}` }))).toBe(403)
    expect(await refusalOf(socketTo(host.port, session, { host: `rebound.example:${host.port}` }))).toBe(421)
  })

  it('knows the loopback interface by all its names', async () => {
    for (const name of [`localhost:${host.port}`, `[::1]:${host.port}`, `127.0.0.1:${host.port}`, '127.0.0.1:9000', 'localhost']) {
      expect((await ask(host.port, '/', { headers: { host: name } })).status).toBe(200)
      const socket = socketTo(host.port, session, { host: name, origin: `http://${name}` })
      await once(socket, 'open')
      socket.close()
    }
    for (const name of ['example.org', '127.0.0.1.example.org', 'localhost.example.org', '127.0.0.2'])
      expect((await ask(host.port, '/', { headers: { host: name } })).status).toBe(421)
  })

  it('listens there only', async () => {
    const others = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.filter(({ internal, family }) => !internal && family === 'IPv4'),
    )
    for (const { address } of [...others, { address: '127.0.0.2' }]) {
      const [error] = (await once(connectSocket(host.port, address), 'error')) as [NodeJS.ErrnoException]
      expect(error.code).toBe('ECONNREFUSED')
    }
  })

  it('serves the page with its policy and nothing outside of it', async () => {
    const page = await ask(host.port, '/')
    expect(page.status).toBe(200)
    expect(page.body).toContain('<div id="app">')
    const policy = String(page.headers['content-security-policy'])
    for (const part of [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      `connect-src 'self' ws://127.0.0.1:${host.port}`,
      "frame-ancestors 'none'",
    ])
      expect(policy).toContain(part)
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect((await ask(host.port, '/', { method: 'HEAD' })).body).toBe('')
    expect((await ask(host.port, '/', { method: 'PUT' })).status).toBe(405)
    for (const path of [
      '/../main/cli.js',
      '/%2e%2e/main/cli.js',
      '/..%2fmain%2fcli.js',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/%00',
      '//etc/passwd',
      '/missing.js',
      '/assets',
    ])
      expect([403, 404], path).toContain((await ask(host.port, path)).status)
    expect((await ask(host.port, '/%')).status).toBe(400)
  })

  it('outlives bad frames and rude clients', async () => {
    for (const junk of ['text', Buffer.from([0xc1]), Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(0)]) {
      const socket = socketTo(host.port, session)
      await once(socket, 'open')
      socket.send(junk)
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(1003)
    }
    // A well-formed frame that is no request is dropped; one that breaks the protocol of frames ends its line.
    const odd = socketTo(host.port, session)
    await once(odd, 'open')
    odd.send(encodeFrame({ t: 'q', i: 1, m: 'shutdown' }))
    const broken = connectSocket(host.port, '127.0.0.1')
    broken.write(
      `GET /lab HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nOrigin: ${host.origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: querent.v1, token.${session}\r\n\r\n`,
    )
    const [answer] = (await once(broken, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 101/)
    broken.resume().write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await once(broken, 'end')
    broken.destroy()
    for (const text of [
      'GET // HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'nonsense\r\n\r\n',
      `GET /lab HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    ]) {
      const rude = connectSocket(host.port, '127.0.0.1')
      await once(rude, 'connect')
      rude.write(text)
      rude.resetAndDestroy()
    }
    const client = await clientOf(host.port, session)
    expect(await client.call('settings.get', {})).toMatchObject({ theme: 'system' })
    client.close()
    odd.close()
  })

  it('refuses a port that is taken', async () => {
    const result = await cli(folder.path, 'serve', '--workspace', 'other', '--port', String(host.port))
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(`port ${host.port} is in use`)
    expect(result.stderr).not.toMatch(/\n\s+at /)
    expect(readdirSync(join(folder.path, 'other'))).not.toContain('lock')
  })

  it('refuses a second instance on the workspace and names the first', async () => {
    const result = await cli(folder.path, 'serve', '--workspace', 'first')
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(`this workspace is in use by process ${host.running.child.pid}`)
  })

  it('ends cleanly on SIGTERM, keeps sessions over a restart, and launches anew', async () => {
    const client = await clientOf(host.port, session)
    const lost = new Promise<void>((resolve) => client.on('connection.changed', () => resolve()))
    const first = await stop(host.running)
    expect(first.code).toBe(0)
    await lost
    expect(readdirSync(join(folder.path, 'first'))).not.toContain('lock')

    const again = await serve('first', '--port', String(host.port))
    expect(again.port).toBe(host.port)
    expect(again.token).not.toBe(host.token)
    const back = await clientOf(again.port, session)
    expect(await back.call('workspace.get', {})).toMatchObject({ folder: join(folder.path, 'first') })
    expect((await exchange(again, host.token)).status).toBe(401)
    expect((await exchange(again)).status).toBe(200)
    expect((await stop(again.running, 'SIGINT')).code).toBe(0)
  })
})

describe('a workspace in trouble', () => {
  let host: Served | null = null
  const open = async (workspace: string) => {
    host = await serve(workspace)
    return clientOf(host.port, (await exchange(host)).body)
  }
  afterEach(async () => {
    if (host) await stop(host.running)
    host = null
  })

  it('keeps a damaged index aside, says so, and finds the projects again', async () => {
    const before = await open('damaged')
    const project = await before.call('project.create', { name: 'mine', from: { recipe: 'entropy-alone' } })
    await stop(host!.running)
    writeFileSync(join(folder.path, 'damaged', 'workspace.json'), '{"format": 1, "projects": [')
    writeFileSync(join(folder.path, 'damaged', 'settings.json'), '{"theme": "pink", "jobs": 2, "backend": "auto"}')

    const client = await open('damaged')
    const notices = await client.call('notice.list', {})
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringMatching(/workspace\.json could not be read \(it is not JSON\)\. It was kept as .*workspace\.json\.damaged/),
      expect.stringMatching(/settings\.json could not be read \(theme: .*\)\. It was kept as .*settings\.json\.damaged/),
    ])
    expect(readdirSync(join(folder.path, 'damaged')).filter((name) => name.includes('.damaged'))).toHaveLength(2)
    const { projects } = await client.call('workspace.get', {})
    expect(projects.map(({ id }) => id)).toContain(project.id)
    expect(projects).toHaveLength(2)
    expect(await client.call('settings.get', {})).toEqual({ theme: 'system', jobs: 'auto', backend: 'auto' })
  })

  it('stops a running study at a safe point when it is told to end, and offers to go on', async () => {
    const study =
      'study: cut\ndataset: wine\nmodel: { type: linear }\ntraining: { minSteps: 1000 }\n' +
      'protocol: { seeds: 2, initial: 6, query: 3, rounds: 20 }\nstrategies: [random]\nrun: { backend: reference, jobs: 1 }\n'
    const before = await open('cut')
    const project = await before.call('project.create', { from: { yaml: study } })
    const { id } = await before.call('experiment.start', { project: project.id })
    await new Promise<void>((resolve) =>
      before.on('experiment.events', ({ events }) => {
        if (events.some(([, event]) => event.type === 'round-ended')) resolve()
      }),
    )
    expect((await stop(host!.running)).code).toBe(0)

    const client = await open('cut')
    expect((await client.call('workspace.get', {})).interrupted).toMatchObject([{ id, state: 'interrupted', runs: 2, finished: 0 }])
    const { runs } = await client.call('experiment.open', { experiment: id })
    expect(runs[0].state.records.length).toBeGreaterThan(0)
  })

  it('refuses a workspace that cannot be written', async () => {
    writeFileSync(join(folder.path, 'file'), '')
    for (const workspace of ['file', 'file/below']) {
      const result = await cli(folder.path, 'serve', '--workspace', workspace)
      expect(result).toMatchObject({ code: 2, stdout: '' })
      expect(result.stderr).toContain('the workspace cannot be written')
      expect(result.stderr).toContain(join(folder.path, workspace))
    }
  })

  it('keeps the index of a newer version aside', async () => {
    mkdirSync(join(folder.path, 'newer'))
    writeFileSync(join(folder.path, 'newer', 'workspace.json'), '{"format": 2, "everything": "else"}')
    const client = await open('newer')
    const [notice] = await client.call('notice.list', {})
    expect(notice.message).toContain('format')
    const aside = readdirSync(join(folder.path, 'newer')).find((name) => name.startsWith('workspace.json.damaged'))
    expect(readFileSync(join(folder.path, 'newer', aside!), 'utf8')).toContain('everything')
  })
})

it('says the same to a script with --json', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const { code, stdout } = await cli(folder.path, 'serve', '--workspace', 'script', '--port', String(port), '--json')
  taken.close()
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad-usage' } })
})
