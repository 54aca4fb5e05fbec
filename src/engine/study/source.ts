import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml'
import type { Path } from './paths'
import type { Finding } from './spec'

/** A study file as plain data, with the line of every place in it. */
export interface StudySource {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** line of the deepest part of `path` that is in the file, from 1 */
  lineOf(path: Path): number | undefined
}

/** Reads YAML 1.2 or JSON; a broken file gives findings with line and column and no value. */
export function readSource(text: string): StudySource {
  const lines = new LineCounter()
  // The library's own check of keys compares each with all before it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const errors = document.errors.map(({ pos, code, message }) => ({
    at: pos[0],
    message: code === 'MULTIPLE_DOCS' ? 'a second document starts here (---); a study is one document' : message,
  }))
  const findings = [...errors, ...repeatedKeys(document)].map(({ at, message }): Finding => {
    const { line, col } = lines.linePos(at)
    return { code: 'broken-yaml', severity: 'error', path: '', message: `line ${line}, column ${col}: ${message}`, line }
  })
  if (findings.length > 0) return { value: undefined, findings, lineOf: () => undefined }
  const broken = (message: string): StudySource => ({
    value: undefined,
    findings: [{ code: 'broken-yaml', severity: 'error', path: '', message }],
    lineOf: () => undefined,
  })
  sayInfinity(document)
  try {
    const value: unknown = document.toJS({ maxAliasCount: 1000 })
    return isCyclic(value)
      ? broken('an alias (*) stands inside what it names')
      : { value, findings, lineOf: (path) => lineOf(document, lines, path) }
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error))
  }
}

/** JSON has no infinity, so studies, manifests and run hashes say the word: YAML's `.inf` is read as `inf`. */
function sayInfinity(document: Document): void {
  visit(document, {
    Scalar: (key, node) => {
      if (key !== 'key' && (node.value === Infinity || node.value === -Infinity)) node.value = node.value > 0 ? 'inf' : '-inf'
    },
  })
}

/** Every key that its map has already. */
function repeatedKeys(document: Document): { readonly at: number; readonly message: string }[] {
  const found: { at: number; message: string }[] = []
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) found.push({ at: key.range?.[0] ?? 0, message: `the key "${String(key.value)}" is there twice` })
        seen.add(key.value)
      }
    },
  })
  return found
}

/** Whether plain data contains itself; `done` keeps shared parts from being walked again. */
function isCyclic(value: unknown, above = new Set<unknown>(), done = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || done.has(value)) return false
  if (above.has(value)) return true
  above.add(value)
  const found = Object.values(value).some((member) => isCyclic(member, above, done))
  above.delete(value)
  done.add(value)
  return found
}

function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents
  let offset = isNode(node) ? node.range?.[0] : undefined
  for (const step of path) {
    let next: unknown
    let place: unknown
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step))
      next = pair?.value
      place = pair?.key
    } else if (isSeq(node) && typeof step === 'number') {
      next = node.items[step]
      place = next
    }
    if (!isNode(place) || !place.range) break
    offset = place.range[0]
    node = next
  }
  return offset === undefined ? undefined : lines.linePos(offset).line
}
