import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reduceHistory, type HistoryEntry } from '@engine/labelling/history'
import { readLabelFile } from '@engine/labelling/readLabels'
import { readNpy, writeNpy } from '@engine/data/npy'
import { prepareExperiment } from '@main/lab/runExperiment'
import { planStudy } from '@main/lab/planStudy'
import { createBackends } from '@main/node/backends'
import { importDataset, loadDataset } from '@main/node/datasets'
import { experimentDependencies } from '@main/node/experiments'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { createLabelling } from '@main/node/labelling/labelling'
import { startSession, type StartRequest } from '@main/node/labelling/start'
import { refusal } from '../../support/errors'

const home = mkdtempSync(join(tmpdir(), 'querent-labelling-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const library = join(home, 'library')
const stores = { features: join(home, 'features'), models: join(home, 'models') }
const spawner = inProcessSpawner(() => createWorker(library, stores))
const deps = experimentDependencies(spawner, createBackends(spawner), 1, library, stores.features, stores.models)
const labelling = createLabelling({
  open: () => spawner.spawn(),
  host: { ...deps, clock: { ...deps.clock, now: () => new Date(0) } },
  library,
})
const names = ['barolo', 'grignolino', 'barbera']

/** What a person would answer. */
let truth: Int32Array
let rows = 0

beforeAll(async () => {
  const wine = await loadDataset('wine', '.')
  truth = wine.train.labels
  rows = wine.train.rows
  const x = join(home, 'X.npy')
  writeFileSync(x, writeNpy(wine.train.data, [rows, 13]))
  const some = Float64Array.from(truth, (label, row) => (row % 20 === 0 ? label : NaN))
  const y = join(home, 'y.npy')
  writeFileSync(y, writeNpy(some, [rows]))
  const importedAt = new Date(0)
  await importDataset({ paths: [x], mapping: { id: 'pool', kind: 'tabular', unlabelled: true }, library, importedAt })
  await importDataset({ paths: [x, y], mapping: { id: 'few', kind: 'tabular', unlabelled: true, classes: names }, library, importedAt })
})

const studyOf = (dataset: string, more = '', strategies = '[margin]'): string => `
study: pool
dataset: ${dataset}
model: { type: mlp, hidden: [8] }
training: { epochs: 5, minSteps: 60, batchSize: 16${more} }
protocol: { seed: 3, seeds: 1, initial: 12, query: 5, rounds: 4, validation: 10 }
strategies: ${strategies}
run: { backend: reference }
`
let count = 0
async function start(dataset: string, more: Partial<StartRequest> = {}): Promise<string> {
  const folder = join(home, `session-${count++}`)
  await startSession({ studyText: studyOf(dataset), studyPath: join(home, 'study.yaml'), classes: names, folder, ...more }, deps, () =>
    spawner.spawn(),
  )
  return folder
}
const answer = (folder: string, asked: readonly number[], more = ''): string => {
  const file = join(folder, '..', `labels-${count++}.csv`)
  writeFileSync(file, `row,label\n${asked.map((row) => `${row},${names[truth[row]]}\n`).join('')}${more}`)
  return file
}
const plain = { relabel: false, addClasses: false }
const lastRows = async (folder: string): Promise<number[]> =>
  ((await labelling.get(folder)).asked.at(-1)?.samples ?? []).map(({ row }) => row)
/** Asks for a batch and labels all of it. */
async function step(folder: string, k?: number): Promise<number[]> {
  await labelling.next(folder, { k })
  const asked = await lastRows(folder)
  await labelling.importLabels(folder, answer(folder, asked), plain)
  return asked
}

describe('a pool without any label', () => {
  it('starts at random, learns from what comes back, and goes on with the strategy of the study', async () => {
    const folder = await start('pool')
    expect(await labelling.get(folder)).toMatchObject({
      id: basename(folder),
      labelled: 0,
      rows,
      classes: names,
      usualK: 12,
      batches: 0,
      undoes: null,
    })
    const first = await labelling.next(folder)
    expect(first.asked[0]).toMatchObject({ method: 'random', trained: 0, estimate: null, labelled: 0 })
    expect(first.asked[0].samples[0]).toEqual({ row: expect.any(Number) as number, score: null, predicted: null, confidence: null })
    expect(first).toMatchObject({ waiting: 12, usualK: 12 })
    const { session, imported } = await labelling.importLabels(folder, answer(folder, await lastRows(folder)), plain)
    expect(imported).toMatchObject({ added: 12, relabelled: 0, unasked: [], newClasses: [] })
    expect(session).toMatchObject({ labelled: 12, waiting: 0, usualK: 5 })
    const second = await labelling.next(folder)
    // Six of twelve labels at most are kept back, although the study asks for ten.
    expect(second.asked[1]).toMatchObject({ method: 'margin', trained: 6, validation: 6, estimate: { rows: 6, of: 'validation rows' } })
    expect(second.asked[1].samples).toHaveLength(5)
    for (const { predicted, confidence, score } of second.asked[1].samples) {
      expect(predicted).toBeGreaterThanOrEqual(0)
      expect(confidence).toBeGreaterThan(1 / 3 - 1e-9)
      expect(score).not.toBeNull()
    }
    const rowsAsked = second.asked.flatMap(({ samples }) => samples.map(({ row }) => row))
    expect(new Set(rowsAsked).size).toBe(rowsAsked.length)
  })

  it('asks for the same rows with the same seed and labels, whatever happened in between', async () => {
    const [one, two] = [await start('pool'), await start('pool')]
    expect(await step(one)).toEqual(await step(two))
    await labelling.next(two, { k: 3 })
    await labelling.undo(two)
    expect(await step(one)).toEqual(await step(two))
    const other = await start('pool', { overrides: [['protocol.seed', 4]] })
    expect(await step(other)).not.toEqual((await labelling.get(one)).asked[0].samples.map(({ row }) => row))
  })

  it('does not ask twice for rows that wait for their label', async () => {
    const folder = await start('pool')
    await labelling.next(folder, { k: 100 })
    await labelling.next(folder, { k: rows - 100 })
    const all = (await labelling.get(folder)).asked.flatMap(({ samples }) => samples.map(({ row }) => row))
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row))
    await expect(labelling.next(folder, { k: 1 })).rejects.toMatchObject({ code: 'bad-input', details: { expected: 'at most 0' } })
  })

  it('carries weights from batch to batch, also after an undo', async () => {
    const carried = { studyText: studyOf('pool', ', weightStart: carry') }
    const folder = await start('pool', carried)
    await step(folder)
    await step(folder)
    const third = await step(folder)
    await labelling.undo(folder)
    await labelling.undo(folder)
    expect(await step(folder)).toEqual(third)
    expect(existsSync(join(folder, 'state', '2'))).toBe(true)
  })

  it('chooses before any label by a strategy that needs none', async () => {
    const folder = await start('pool', {
      overrides: [
        ['protocol.dataStart', 'empty'],
        ['protocol.firstBatch', 'typiclust'],
      ],
    })
    expect((await labelling.next(folder, { k: 4 })).asked[0]).toMatchObject({ method: 'typiclust', trained: 0 })
  })
})

describe('a pool with a few labels', () => {
  it('starts from them and asks for none of them', async () => {
    const folder = await start('few', { classes: [] })
    const known = Array.from({ length: rows }, (_, row) => row).filter((row) => row % 20 === 0)
    const session = await labelling.next(folder)
    expect(session).toMatchObject({ labelled: known.length, classes: names })
    expect(session.asked[0]).toMatchObject({ method: 'margin', trained: known.length - 4, validation: 4 })
    expect((await lastRows(folder)).filter((row) => known.includes(row))).toEqual([])
    expect(session.classCounts.reduce((a, b) => a + b)).toBe(known.length)
  })

  it('measures accuracy on the labelled test rows of a split file, and says so', async () => {
    const third = (from: number): number[] => Array.from({ length: rows }, (_, row) => row).filter((row) => row % 3 === from)
    writeFileSync(join(home, 'split.json'), JSON.stringify({ train: third(0), validation: third(1), test: third(2) }))
    const folder = await start('few', { overrides: [['data.split', 'split.json']] })
    const [asked] = (await labelling.next(folder, { k: 6 })).asked
    expect(asked.samples.every(({ row }) => row % 3 === 0)).toBe(true)
    expect(asked.estimate).toMatchObject({ of: 'test rows of the split', rows: third(2).filter((row) => row % 20 === 0).length })
    expect(asked.validation).toBe(third(1).filter((row) => row % 20 === 0).length)
  })

  it('cannot be simulated, and says which rows have no label', async () => {
    const request = { studyText: studyOf('few'), studyPath: join(home, 'study.yaml') }
    await expect(prepareExperiment(request, deps)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('few has no label for rows 1, 2, 3, 4, 5 and') as string,
    })
    const { findings, valid } = await planStudy(request, deps)
    expect(valid).toBe(false)
    expect(findings.map(({ code }) => code)).toContain('unlabelled-rows')
    // Labelled rows alone are a study like any other.
    const known = Array.from({ length: rows }, (_, row) => row).filter((row) => row % 20 === 0)
    writeFileSync(join(home, 'known.json'), JSON.stringify({ train: known.slice(0, 6), validation: [], test: known.slice(6) }))
    const overrides = [
      ['data.split', 'known.json'],
      ['protocol', { seeds: 1, initial: 2, query: 1, rounds: 2 }],
    ] as const
    expect((await prepareExperiment({ ...request, overrides }, deps)).plan).toHaveLength(1)
    writeFileSync(join(home, 'known.json'), JSON.stringify({ train: [...known.slice(0, 6), 21], validation: [], test: known.slice(6) }))
    await expect(prepareExperiment({ ...request, overrides }, deps)).rejects.toThrow('few has no label for row 21')
  })
})

describe('labels that come back', () => {
  it('are refused as a whole when one of them cannot be', async () => {
    const folder = await start('pool')
    await labelling.next(folder)
    const asked = await lastRows(folder)
    const refusals = [
      [`${rows},barolo\n`, 'the data set has no row 178'],
      ['3,barola\n', '"barola" of row 3 is no class'],
      [`${asked[0]},${names[(truth[asked[0]] + 1) % 3]}\n`, 'further up'],
      ['three,barolo\n', 'is no row'],
    ] as const
    for (const [line, message] of refusals)
      await expect(labelling.importLabels(folder, answer(folder, asked, line), plain)).rejects.toThrow(message)
    expect(await labelling.get(folder)).toMatchObject({ labelled: 0, waiting: asked.length })
  })

  it('say what is new, changed, there already, blank, and not asked for', async () => {
    const folder = await start('pool')
    await labelling.next(folder, { k: 4 })
    const asked = await lastRows(folder)
    const stray = Array.from({ length: rows }, (_, row) => row).find((row) => !asked.includes(row)) ?? 0
    const file = answer(folder, asked.slice(0, 3), `${asked[3]},\n${stray},${names[truth[stray]]}\n`)
    expect((await labelling.importLabels(folder, file, plain)).imported).toMatchObject({ added: 4, blank: 1, unasked: [stray] })
    const again = await labelling.importLabels(folder, file, plain)
    expect(again.imported).toMatchObject({ added: 0, unchanged: 4 })
    expect(again.session.history).toHaveLength(3) // nothing new is no step
    const wrong = names[(truth[asked[0]] + 1) % 3]
    const changed = answer(folder, [], `${asked[0]},${wrong}\n`)
    await expect(labelling.importLabels(folder, changed, plain)).rejects.toThrow(
      `row ${asked[0]} is ${names[truth[asked[0]]]}, not ${wrong}`,
    )
    expect((await labelling.importLabels(folder, changed, { ...plain, relabel: true })).imported).toMatchObject({ added: 0, relabelled: 1 })
    expect(readFileSync(join(folder, 'labels.csv'), 'utf8')).toContain(`\n${asked[0]},${wrong}\n`)
    await labelling.undo(folder)
    expect(readFileSync(join(folder, 'labels.csv'), 'utf8')).toContain(`\n${asked[0]},${names[truth[asked[0]]]}\n`)
    const fourth = answer(folder, [], `${asked[3]},nebbiolo\n`)
    expect((await labelling.importLabels(folder, fourth, { ...plain, addClasses: true })).session.classes).toEqual([...names, 'nebbiolo'])
  })

  it('come as the batch file itself, as JSON by row, and as an array', async () => {
    const folder = await start('pool')
    await labelling.next(folder, { k: 3 })
    const asked = await lastRows(folder)
    const fill = (text: string, row: number): string => text.replace(new RegExp(`^(\\d+,${row},.*),$`, 'm'), `$1,${names[truth[row]]}`)
    const csv = readFileSync(join(folder, 'batches', 'batch-001.csv'), 'utf8')
    const json = JSON.parse(readFileSync(join(folder, 'batches', 'batch-001.json'), 'utf8')) as {
      rows: number[]
      samples: { row: number }[]
    }
    expect(json.rows).toEqual(asked)
    expect([...readNpy(readFileSync(join(folder, 'batches', 'batch-001.npy')), 'batch').data]).toEqual(asked)
    const forms: Record<string, string | Uint8Array> = {
      'a.csv': asked.reduce(fill, csv),
      'b.json': JSON.stringify({ ...json, samples: json.samples.map((sample) => ({ ...sample, label: truth[sample.row] })) }),
      'c.json': JSON.stringify(Object.fromEntries(asked.map((row) => [row, names[truth[row]]]))),
      'd.npy': writeNpy(Int32Array.from(asked.flatMap((row) => [row, truth[row]])), [asked.length, 2]),
    }
    for (const [name, data] of Object.entries(forms)) {
      writeFileSync(join(home, name), data)
      const { session, imported } = await labelling.importLabels(folder, join(home, name), plain)
      expect(imported, name).toMatchObject({ added: 3 })
      expect(session.classCounts).toEqual(names.map((_, c) => asked.filter((row) => truth[row] === c).length))
      await labelling.undo(folder)
    }
    expect(() => readLabelFile(new TextEncoder().encode('1,2\n3,4\n'), 'bare.csv')).toThrow('does not name the columns')
    expect(() => readLabelFile(writeNpy(Int32Array.of(1, 2), [2]), 'flat.npy')).toThrow('rows and their classes')
  })
})

describe('the folder of a session', () => {
  it('survives a torn line, goes on after it, and refuses damage in the middle', async () => {
    const folder = await start('pool')
    await labelling.next(folder, { k: 2 })
    const history = join(folder, 'history.jsonl')
    const whole = readFileSync(history, 'utf8')
    appendFileSync(history, '{"at":"2026-11-22T1')
    expect((await labelling.get(folder)).batches).toBe(1)
    await labelling.next(folder, { k: 2 })
    expect(readFileSync(history, 'utf8').startsWith(whole)).toBe(true)
    expect((await labelling.get(folder)).batches).toBe(2)
    writeFileSync(history, readFileSync(history, 'utf8').replace('"batch"', '"bitch"'))
    await expect(labelling.get(folder)).rejects.toMatchObject({ code: 'bad-input', details: { line: 2 } })
  })

  it('is not made over other files, nor for studies that cannot ask people', async () => {
    const taken = join(home, 'taken')
    mkdirSync(taken)
    writeFileSync(join(taken, 'thesis.tex'), '')
    const refusals: readonly (readonly [Partial<StartRequest>, string])[] = [
      [{ folder: taken }, 'must be empty'],
      [{ studyText: studyOf('pool', '', '[margin, badge]') }, 'which strategy'],
      [{ studyText: studyOf('pool', '', '[margin, badge]'), strategy: 'badgr' }, 'no strategy "badgr"'],
      [{ studyText: studyOf('pool', '', '[full-data]') }, 'asks for no labels'],
      [{ studyText: studyOf('pool', '', '[bald]') }, 'dropout'],
      [{ classes: ['only'] }, 'one class'],
      [{ classes: ['a', 'b', 'a'] }, 'named twice'],
      [{ overrides: [['ablate', { 'training.weightStart': ['carry', 'reinit-fresh'] }]] }, '2 variants'],
    ]
    for (const [more, message] of refusals) {
      const folder = join(home, `refused-${count++}`)
      await expect(start('pool', { folder, ...more }), message).rejects.toThrow(message)
      expect(existsSync(folder)).toBe(false)
    }
  })

  it('takes back the last step only, and never the labels that the data set came with', () => {
    const at = ''
    const labels = (given: [number, number][]): HistoryEntry => ({ at, type: 'import', source: '', classes: ['a', 'b'], labels: given })
    const undo: HistoryEntry = { at, type: 'undo' }
    const state = reduceHistory([labels([[0, 1]]), labels([[1, 0]]), undo, undo, undo, labels([[2, 1]])])
    expect([...state.labels]).toEqual([[0, 1], [2, 1]]) // prettier-ignore
    expect([...state.undone]).toEqual([1])
  })

  it('fine-tunes: makes backbone and features when the first batch is chosen, and tells what it is at', async () => {
    const pretrain = '{ pretrain: { dataset: wine, model: { type: mlp, hidden: [6] }, epochs: 2 } }'
    const tuned = (backbone: string): string =>
      studyOf('few')
        .replace('{ type: mlp, hidden: [8] }', `{ type: finetune, backbone: ${backbone}, tuning: lp-ft, headEpochs: 3 }`)
        .replace('validation: 10', 'validation: 2')
    const folder = await start('few', { studyText: tuned(pretrain) })
    const told: string[] = []
    const { asked } = await labelling.next(folder, { onProgress: ({ what }) => void told.push(what) })
    expect(asked[0].samples).toHaveLength(5)
    const steps = [/^pre-training mlp-supervised-wine, epoch 2\/2$/, /^features of few, row \d+\/\d+$/, /^training, epoch/]
    const places = steps.map((step) => told.findIndex((what) => step.test(what)))
    expect(places, told.join(' · ')).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThanOrEqual(0)
    // Both are there for the next batch.
    told.length = 0
    await labelling.next(folder, { onProgress: ({ what }) => void told.push(what) })
    expect(told.filter((what) => !what.startsWith('training'))).toEqual([])
    const stopped = AbortSignal.abort()
    expect((await refusal(() => labelling.next(folder, { signal: stopped }))).code).toBe('cancelled')
    const other = pretrain.replace('wine', 'digits')
    expect((await refusal(() => start('few', { studyText: tuned(other) }))).details.path).toBe('model.backbone.pretrain.dataset')
  })
})
