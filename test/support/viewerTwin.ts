import { zipSync } from 'fflate'
import { plainKernels } from '@engine/core/distances'
import { QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import type { Dataset, LabeledPool } from '@engine/data/dataset'
import { drawSplit } from '@engine/study/drawSplit'
import { parseSplit, type SplitRows } from '@engine/study/runFiles'
import { mapDocument, selectionMap } from '@figures/selectionMap'
import { classesOf, labelsOf, mapOf, neighboursOf, samplesOf, splitInfo } from '@main/node/jobs/viewing'
import type { LabDependencies } from '@main/lab/dependencies'
import type { Viewer } from '@main/lab/ports'
import { noteAt } from './memoryData'

/** What a viewer process does, in this one, over a data set in memory. */
export function viewerOver(dataset: Dataset, splits = new Map<string, SplitRows>()): Viewer {
  const stop = new AbortController()
  const breathe = (): Promise<void> => new Promise((continued) => setTimeout(continued))
  return {
    map: async (request, onFrame) => {
      try {
        await mapOf(dataset, request, plainKernels, onFrame, breathe, stop.signal)
      } catch (error) {
        // A process that was left to die answers nothing else.
        throw stop.signal.aborted ? new QuerentError('job-crashed', 'the job process did not stop when asked and was killed') : error
      }
    },
    labels: async (request) => labelsOf(dataset, request),
    samples: async (request) =>
      samplesOf(dataset, request, { valueNames: [], texts: dataset.kind === 'text' ? request.rows.map(noteAt) : null }),
    facts: async () => ({
      ...classesOf(dataset),
      missing: 0,
      origin: null,
      splits: Array.from(splits, ([name, rows]) => splitInfo(dataset, name, `/splits/${name}.json`, rows)),
    }),
    drawSplit: async ({ draw, keep }) => {
      const { train, validation, test } = drawSplit(dataset.train.labels, dataset.classNames.length, draw)
      const rows = { train: [...train], validation: [...validation], test: [...test] }
      if (keep !== null) splits.set(keep, rows)
      return splitInfo(dataset, keep ?? '', keep === null ? '' : `/splits/${keep}.json`, rows)
    },
    // As SVG in estimated widths, so that it works in a browser too.
    animate: async ({ map, format }, onProgress) => {
      if (format !== 'svg') throw new QuerentError('unsupported', `the viewer in memory makes SVG only, not ${format}`)
      const drawing = selectionMap(map, { width: 528, fontFamily: 'sans-serif', fontSizePx: 12 })
      const size = { width: String(drawing.width), height: String(drawing.height) }
      const files: Record<string, Uint8Array> = {}
      for (let round = 0; round < drawing.frames; round++) {
        await breathe()
        if (stop.signal.aborted) throw new QuerentError('job-crashed', 'the job process died')
        const svg = mapDocument(drawing, `${drawing.base}\n${drawing.frame(round)}`, size)
        files[`selection-${String(round).padStart(3, '0')}.svg`] = new TextEncoder().encode(svg)
        onProgress((round + 1) / drawing.frames)
      }
      return zipSync(files, { level: 1 })
    },
    neighbours: async (request) => neighboursOf(dataset, request, plainKernels),
    dispose: async () => stop.abort(),
  }
}

/** The splits kept with a data set, in memory. */
export const splitsIn = (splits: Map<string, SplitRows>): Pick<LabDependencies['datasets'], 'addSplit' | 'readSplit' | 'removeSplit'> => ({
  addSplit: async (_id, name, text, file) => void splits.set(name, parseSplit(text, file)),
  readSplit: async (_id, name) => new TextEncoder().encode(JSON.stringify(splits.get(name))),
  removeSplit: async (_id, name) => void splits.delete(name),
})

/** Ten kinds of 8 × 8 images with noise, values 0 … 16 as in `digits`. */
export function blurredDigits(rows: number): Dataset {
  const random = randomFrom('blurred digits')
  const shapes = Array.from({ length: 10 }, () => Float32Array.from({ length: 64 }, () => (random.next() < 0.4 ? 13 : 2)))
  const data = new Uint8Array(rows * 64)
  const labels = Int32Array.from({ length: rows }, () => random.int(10))
  labels.forEach((label, i) =>
    shapes[label].forEach((value, j) => (data[i * 64 + j] = Math.max(0, Math.min(16, value + 2 * random.normal())))),
  )
  const train: LabeledPool = { data, rows, shape: [1, 8, 8], labels }
  const classNames = Array.from({ length: 10 }, (_, c) => String(c))
  return { id: 'digits', kind: 'image', classNames, train, test: null, valueRange: 16, sha256: 'a'.repeat(64) }
}
