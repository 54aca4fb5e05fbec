import { zipSync } from 'fflate'
import { plainKernels } from '@engine/core/distances'
import { QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import type { Dataset, LabeledPool } from '@engine/data/dataset'
import { mapDocument, selectionMap } from '@figures/selectionMap'
import { labelsOf, mapOf, neighboursOf, samplesOf } from '@main/node/jobs/viewing'
import type { Viewer } from '@main/lab/ports'

/** What a viewer process does, in this one, over a data set in memory. */
export function viewerOver(dataset: Dataset): Viewer {
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
    labels: async () => labelsOf(dataset),
    samples: async (request) => samplesOf(dataset, request),
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
