import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { noteUnfinished, readUnfinished } from '@main/node/features/unfinished'
import { listFeatures } from '@main/node/features/store'

const folder = mkdtempSync(join(tmpdir(), 'querent-features-'))
const store = join(folder, 'features')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('unfinished extractions are noted in the store, and a damaged note is none', async () => {
  expect(await readUnfinished(store)).toEqual([])
  const requests = [
    { dataset: 'digits', network: { preset: 'dinov2-small' }, size: [28, 28] as [number, number] },
    { dataset: 'wine', network: { files: { paths: ['/nets/a.onnx'] } }, name: 'a' },
  ]
  await noteUnfinished(store, requests)
  expect(await readUnfinished(store)).toEqual(requests)
  expect(await listFeatures(store)).toEqual([])
  writeFileSync(join(store, 'unfinished.json'), JSON.stringify({ format: 1, requests: [{ dataset: 'digits' }, requests[1]] }))
  expect(await readUnfinished(store)).toEqual([requests[1]])
  writeFileSync(join(store, 'unfinished.json'), '{"format": 1, "requ')
  expect(await readUnfinished(store)).toEqual([])
})
