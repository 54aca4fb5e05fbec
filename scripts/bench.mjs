// `npm run bench [-- --suite selection --rounds 3 --write]`: our benchmarks and their twins in PyTorch and NumPy, by turns.
// `--write` puts them into docs/benchmarks.md, where the rows of other suites stay as they are.
// Twins run with the Python named by PYTHON (python3); one that cannot run is left out with its reason.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { at, ensureBuilt, ensureInstalled, note, root } from './lib.mjs'

const suites = {
  selection: [['selection.py', 'selection']],
  gradients: [
    ['selection.py', 'gradients'],
    ['training.py', 'gradients'],
  ],
  training: [['training.py', 'training']],
  engine: [],
  statistics: [],
  proxy: [],
  maps: [],
  import: [],
}
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'all' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
})
const chosen = Object.entries(suites).filter(([name]) => values.suite === 'all' || values.suite === name)
if (chosen.length === 0) {
  note(`unknown suite ${values.suite}: ${Object.keys(suites).join(', ')} or all`)
  process.exit(2)
}

ensureInstalled()
await ensureBuilt()

const python = process.env.PYTHON ?? 'python3'
const measured = new Map()
const versions = {}
let machine = {}
const skipped = new Map()

for (let round = 1; round <= Number(values.rounds); round++) {
  for (const [suite, twins] of chosen) {
    note(`round ${round}: ${suite}`)
    const ours = json(process.execPath, [at('bin', 'querent.mjs'), 'bench', '--suite', suite, '--json'])
    if (ours.error) throw new Error(ours.error)
    machine = ours.machine
    keep(ours, 'ours')
    for (const [file, part] of twins) {
      if (skipped.has(file)) continue
      const theirs = json(python, [at('bench', 'peers', file), part])
      if (theirs.error) skipped.set(file, theirs.error)
      else keep(theirs, 'twin')
    }
  }
}

const found = measuredRows()
process.stdout.write(`${report(found)}\n`)
if (values.write) {
  const file = at('docs', 'benchmarks.md')
  const [head, before, tail] = readFileSync(file, 'utf8').split(/<!-- measured (?:from|to) here -->/)
  writeFileSync(file, `${head}<!-- measured from here -->\n\n${report(merged(before, found))}\n\n<!-- measured to here -->${tail}`)
}

/** The rows of a written table, with the found ones in the place of those they measure again. */
function merged(table, rows) {
  const keyOf = ([name, backend]) => `${name} ${backend}`
  const fresh = new Map(rows.map((cells) => [keyOf(cells), cells]))
  const kept = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .map((cells) => {
      const again = fresh.get(keyOf(cells))
      fresh.delete(keyOf(cells))
      return again ?? cells
    })
  return [...kept, ...fresh.values()]
}

function json(command, args) {
  const { stdout, stderr, status, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (status === 0) return JSON.parse(stdout)
  return { error: error?.message ?? stderr.trim().split('\n').at(-1) }
}

function keep({ results, versions: found }, side) {
  Object.assign(versions, found)
  for (const result of results) {
    const key = `${result.name} ${side} ${result.backend ?? ''}`
    if (!measured.has(key)) measured.set(key, { ...result, side, all: [] })
    measured.get(key).all.push(result)
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function measuredRows() {
  const rows = []
  for (const { name, side, backend = '', size, all, unit = 'ms' } of measured.values()) {
    if (side !== 'ours') continue
    const ms = median(all.map((result) => result.ms))
    const twin = [...measured.values()].find((other) => other.side === 'twin' && other.name === name)
    const theirs = twin && median(twin.all.map((result) => result.ms))
    const extra = all[0].share === undefined ? '' : `${(100 * median(all.map(({ share }) => share))).toFixed(1)} % of the run`
    const speed = theirs === undefined ? extra : `${(theirs / ms).toFixed(2)}×`
    rows.push([
      `\`${name}\``,
      backend,
      size,
      `${digits(ms)} ${unit}`,
      theirs === undefined ? '' : `${digits(theirs)} (${twin.backend})`,
      speed,
    ])
  }
  return rows
}

function report(rows) {
  const lines = [
    ['benchmark', 'backend', 'size', 'Querent', 'twin', 'speed against the twin'],
    ['---', '---', '---', '---', '---', '---'],
    ...rows,
  ]
  const { processor, cores, memoryBytes, platform } = machine
  return [
    `${processor}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${platform}; medians of ${values.rounds} rounds.`,
    Object.entries(versions)
      .filter(([name]) => name !== 'platform')
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    ...[...skipped].map(([file, reason]) => `\nbench/peers/${file} did not run: ${reason}`),
  ].join('\n')
}

function digits(ms) {
  return ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)
}
