import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extractFeatures } from '@main/node/features/extract'
import { fetchModel } from '@main/node/features/fetchModel'
import { cliFolder } from '../../support/cliFolder'
import { refusal } from '../../support/errors'

const cli = cliFolder()
let before: string | undefined
beforeAll(async () => {
  before = process.env.QUERENT_WORKSPACE
  process.env.QUERENT_WORKSPACE = cli.path('workspace')
  for (const dataset of ['one', 'two'])
    await extractFeatures({
      store: cli.path('workspace/features'),
      dataset: { name: dataset, sha256: dataset.repeat(20), rows: 4 },
      network: { net: 1 },
      facts: { name: 'net', backboneSha256: null, source: 'a test', settings: {} },
      open: () =>
        Promise.resolve({
          batch: 4,
          make: (_, count) => Promise.resolve({ data: new Float32Array(count * 2), width: 2 }),
          dispose: () => undefined,
        }),
      ticks: () => 0,
    })
})
afterAll(() => {
  if (before === undefined) delete process.env.QUERENT_WORKSPACE
  else process.env.QUERENT_WORKSPACE = before
})

describe('querent features', () => {
  it('lists what is stored and the networks it knows', async () => {
    const { stdout } = await cli.run('features', 'list')
    expect(stdout).toMatch(/net +one +4 +2/)
    expect(stdout).toMatch(/all-minilm-l6-v2 +texts +384/)
    const { features, models } = JSON.parse((await cli.run('features', 'list', '--json')).stdout) as {
      features: unknown[]
      models: { files: { url: string }[] }[]
    }
    expect([features.length, models.length]).toEqual([2, 4])
    expect(models.flatMap(({ files }) => files).every(({ url }) => url.startsWith('https://'))).toBe(true)
  })

  it('describes and removes one, and asks which when there are several', async () => {
    expect((await cli.run('features', 'info', 'net')).stderr).toContain('2 sets of features are called "net"')
    expect(JSON.parse((await cli.run('features', 'info', 'net', '--dataset', 'two', '--json')).stdout)).toMatchObject({
      dataset: 'two',
      rows: 4,
    })
    expect((await cli.run('features', 'remove', 'net', '--dataset', 'two')).stdout).toContain('removed net of two')
    expect((await cli.run('features', 'info', 'net')).code).toBe(0)
    expect(await cli.run('features', 'remove', 'ney')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean: net') as unknown,
    })
  })

  it.each<[string[], string]>([
    [['--dataset', 'wine'], 'one of --model and --backbone is needed'],
    [['--dataset', 'wine', '--model', 'a.onnx', '--backbone', 'b'], 'one of --model and --backbone is needed'],
    [['--dataset', 'wines', '--model', 'a.onnx'], 'unknown data set "wines"'],
    [['--dataset', 'wine', '--model', 'dinov2-smal'], 'did you mean: dinov2-small'],
    [['--dataset', 'wine', '--model', 'resnet-50'], 'downloading resnet-50 needs your word'],
    [['--dataset', 'wine', '--model', 'a.onnx', '--mean', '1,x'], '--mean needs numbers'],
    [['--dataset', 'wine', '--backbone', 'nothing'], 'no model of the library is called "nothing"'],
  ])('extract %j is refused', async (flags, reason) => {
    const { code, stderr } = await cli.run('features', 'extract', ...flags)
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)])
  })
})

describe('the files of a network', () => {
  let server: Server
  let [body, asked] = [Buffer.from('first'), 0]
  beforeAll(async () => {
    server = createServer((_request, response) => {
      asked++
      response.end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  it('are downloaded once, and have to stay the same', async () => {
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/model.onnx`
    const request = { folder: cli.path('model'), files: [{ name: 'model.onnx', url }] }
    expect(await fetchModel(request)).toBe(join(request.folder, 'model.onnx'))
    await fetchModel(request)
    expect(asked).toBe(1)
    cli.write('model/model.onnx', 'changed by somebody')
    await fetchModel(request) // fetched again, and it is what it was
    expect(asked).toBe(2)
    cli.write('model/model.onnx', 'changed again')
    body = Buffer.from('other')
    expect((await refusal(() => fetchModel(request))).message).toContain('model.onnx: what came is not the published file')
  })
})
