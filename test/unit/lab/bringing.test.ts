import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openLab } from '@main/node/openLab'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { cliFolder } from '../../support/cliFolder'

const cli = cliFolder()
it('a result folder opens where it lies, travels as a project file, and stays as it was', async () => {
  const yaml =
    'study: tiny\ndataset: wine\nmodel: { type: linear }\nprotocol: { seeds: 2, initial: 9, query: 6, rounds: 2 }\nstrategies: [random, margin]\nrun: { backend: reference }\n'
  const first = await openLab({
    workspace: cli.path('first'),
    transport: 'web',
    runtime: 'test',
    spawner: inProcessSpawner(() => createWorker()),
    cores: 1,
  })
  await first.handlers['settings.set']({ backend: 'reference' })
  const own = await first.handlers['project.create']({ from: { yaml } })
  const { folder } = await first.handlers['experiment.start']({ project: own.id })
  for (let i = 0; i < 200 && (await first.handlers['experiment.list']({ project: own.id }))[0].state === 'running'; i++)
    await new Promise((r) => setTimeout(r, 50))
  await first.dispose()
  const lab = await openLab({
    workspace: cli.path('ws'),
    transport: 'web',
    runtime: 'test',
    spawner: inProcessSpawner(() => createWorker()),
    cores: 1,
  })
  const before = createHash('sha256')
    .update(readFileSync(`${folder}/manifest.json`))
    .digest('hex')
  const { project, experiment } = await lab.handlers['project.bring']({ files: { paths: [folder] } })
  const shown = await lab.handlers['experiment.open']({ experiment: experiment! })
  expect(shown.runs.map(({ state }) => state.status)).toEqual(Array(4).fill('finished'))
  const labels = await lab.handlers['explore.labels']({ of: { experiment: experiment!, dataset: 'wine' } })
  expect(labels.labels).toHaveLength(178)
  const packed = await lab.handlers['project.export']({ project: project.id, results: true })
  writeFileSync(cli.path('p.zip'), packed.bytes)
  const again = await lab.handlers['project.bring']({ files: { paths: [cli.path('p.zip')] } })
  const back = await lab.handlers['experiment.open']({ experiment: again.experiment! })
  expect(back.summary).toMatchObject({ readOnly: true, runs: 4, finished: 4, state: 'finished' })
  const sheet = await lab.handlers['export.sheet']({
    experiment: again.experiment!,
    figures: [],
    formats: [],
    tables: ['results'],
    tableFormats: ['csv'],
  })
  expect(sheet.name).toBe('tiny-sheet.zip')
  const room = await lab.handlers['storage.get']({})
  expect(room.find((item) => item.id === 'results')?.items).toBe(1) // the folder elsewhere is not the workspace's
  expect(
    createHash('sha256')
      .update(readFileSync(`${folder}/manifest.json`))
      .digest('hex'),
  ).toBe(before)
  await lab.dispose()
}, 60_000)
