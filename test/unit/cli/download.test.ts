import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { downloadDataset, type DownloadOptions } from '@main/cli/downloadDataset'
import { createContext, type CliContext, type CommandResult } from '@main/cli/io'
import { importDataset, loadDataset } from '@main/node/datasets'
import { cliHere, temporaryFolder } from '../../support/cli'
import { file, startDownloadServer, status, type DownloadServer } from '../../support/downloadServer'
import { refusal } from '../../support/errors'
import { publicSetFiles } from '../../support/publicSetFiles'

let server: DownloadServer
let folder: ReturnType<typeof temporaryFolder>
let said: string
beforeAll(async () => void (server = await startDownloadServer()))
afterAll(() => server.close())
beforeEach(() => {
  folder = temporaryFolder()
  said = ''
  server.serve('/spambase.zip', file(publicSetFiles.spambase()['spambase.zip']))
})
afterEach(() => folder.dispose())

const contextWith = (ask?: CliContext['ask']): CliContext =>
  createContext({
    cwd: folder.path,
    stdout: { write: () => undefined },
    stderr: { write: (text) => void (said += text) },
    ...(ask === undefined ? {} : { ask }),
    signal: new AbortController().signal,
    jobEntry: '',
    commandLine: '',
  })
const download = (options: DownloadOptions, context = contextWith()): Promise<CommandResult> =>
  downloadDataset('spambase', options, {
    context,
    library: folder.path,
    importing: (assignment) => importDataset({ ...assignment, library: folder.path, importedAt: new Date(0) }),
  })
const mirror = (): string => server.url('/')

describe('querent datasets download', () => {
  it('says licence, size and origin before it fetches anything, and asks for a word', async () => {
    const error = await refusal(() => download({ mirror: mirror() }))
    expect(error).toMatchObject({ code: 'bad-usage', details: { expected: '--yes' } })
    expect(said).toContain('licence  CC BY 4.0')
    expect(said).toContain('size     about 500 kB')
    expect(said).toContain(`from     ${mirror()}`)
    expect(server.asked('/spambase.zip')).toEqual([])
  })

  it('takes no for an answer', async () => {
    for (const answer of ['', 'n', 'yesterday'])
      expect(
        (
          await refusal(() =>
            download(
              { mirror: mirror() },
              contextWith(async () => answer),
            ),
          )
        ).code,
      ).toBe('cancelled')
    expect(server.asked('/spambase.zip')).toEqual([])
  })

  it('brings the set, leaves no files, and knows it the next time', async () => {
    const { json, text } = await download(
      { mirror: mirror() },
      contextWith(async () => 'y'),
    )
    expect(json).toMatchObject({ dataset: { id: 'spambase', rows: 4, licence: 'CC BY 4.0' }, known: false })
    expect(text).toContain('spambase  4 rows')
    expect((await loadDataset('spambase', '.', folder.path)).classNames).toEqual(['ham', 'spam'])
    expect(existsSync(join(folder.path, '.downloads', 'spambase'))).toBe(false)
    expect((await download({ yes: true })).text).toContain('in the library already')
  })

  it('says what to do when the server fails', async () => {
    server.serve('/spambase.zip', status(403))
    const error = await refusal(() => download({ yes: true, mirror: mirror() }))
    expect(error).toMatchObject({ code: 'network', details: { expected: expect.stringContaining('--mirror URL') as unknown } })
  })

  it('refuses what is no mirror, and unknown sets, by the nearest name', async () => {
    expect((await refusal(() => download({ yes: true, mirror: 'nowhere' }))).code).toBe('bad-usage')
    const { code, stderr } = await cliHere(folder.path, 'datasets', 'download', 'cifar10')
    expect(code).toBe(2)
    expect(stderr).toContain('did you mean: cifar-10')
  })
})
