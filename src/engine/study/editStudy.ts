import { isMap, isNode, isScalar, isSeq, parse, parseDocument, stringify, visit, type Document, type Node } from 'yaml'
import { badInput } from '../core/errors'
import { canonicalJson } from '../core/hash'
import { studyKeys } from './fields'
import { isRecord, type Path } from './paths'

/**
 * The text with `value` at `path`. Comments, key order and every other value stay; objects on the way are made, and an entry that
 * is a bare id becomes an object. A value that fits on its line is replaced in place, so that nothing else of the file moves.
 */
export function setAt(text: string, path: Path, value: unknown): string {
  const document = parsed(text)
  const old = document.getIn(path, true)
  const range = isScalar(old) || ((isMap(old) || isSeq(old)) && old.flow === true) ? old.range : null
  write(document, path, value)
  if (range) {
    const spliced = `${text.slice(0, range[0])}${inline(value)}${text.slice(range[1])}`
    if (means(spliced, document)) return spliced
  }
  return textOf(document)
}

/** The text without what is at `path`; the text itself when nothing is there. */
export function removeAt(text: string, path: Path): string {
  const document = parsed(text)
  return document.hasIn(path) && document.deleteIn(path) ? textOf(document) : text
}

const textOf = (document: Document): string => document.toString({ lineWidth: 0 })

function parsed(text: string): Document {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw badInput(`the study cannot be edited before its YAML is mended: ${error.message}`, { line: error.linePos?.[0].line })
  return document
}

function write(document: Document, path: Path, value: unknown): void {
  const entry = path.slice(0, 2)
  const bare = document.getIn(entry, true)
  if (path.length > 2 && (path[0] === 'strategies' || path[0] === 'shadow') && isScalar(bare)) {
    document.setIn(entry, withComments(document.createNode({ id: bare.value }, { flow: true }), bare))
  }
  const parent = document.getIn(path.slice(0, -1), true)
  const node = document.createNode(value, { flow: isMap(parent) && parent.flow === true })
  visit(node, { Seq: (_, list) => void (list.flow ||= list.items.every(isScalar)) }) // lists of plain values on one line
  const [key] = path
  if (path.length === 1 && isMap(document.contents) && !document.has(key)) {
    // A new section goes where the study's order has it.
    const following = studyKeys.slice(studyKeys.findIndex((name) => name === key) + 1) as readonly string[]
    const { items } = document.contents
    const before = items.findIndex((pair) => following.includes(String(isScalar(pair.key) ? pair.key.value : pair.key)))
    items.splice(before < 0 ? items.length : before, 0, document.createPair(key, node))
  } else if (path.length > 1 && isMap(document.contents) && !isNode(document.get(path[0], true))) {
    write(document, path.slice(0, 1), nested(path.slice(1), value))
  } else {
    document.setIn(path, withComments(node, document.getIn(path, true)))
  }
}

/** A new node with what was written before and after the old one. */
function withComments(node: Node, old: unknown): Node {
  if (isNode(old)) Object.assign(node, { commentBefore: old.commentBefore, comment: old.comment, spaceBefore: old.spaceBefore })
  return node
}

function nested(path: Path, value: unknown): unknown {
  if (path.length === 0) return value
  const inner = nested(path.slice(1), value)
  return typeof path[0] === 'number' ? [inner] : { [path[0]]: inner }
}

/** YAML on one line, safe inside other flow collections. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (isRecord(value))
    return `{ ${Object.entries(value)
      .map(([key, member]) => `${inline(key)}: ${inline(member)}`)
      .join(', ')} }`
  return stringify([value], { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim().slice(1, -1)
}

function means(text: string, document: Document): boolean {
  try {
    return canonicalJson(parse(text)) === canonicalJson(document.toJS())
  } catch {
    return false
  }
}
