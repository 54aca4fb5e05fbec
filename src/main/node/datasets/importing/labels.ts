import { badInput } from '@engine/core/errors'
import { mostClasses, orderClasses } from '@engine/data/assemble'
import { isNumeric } from '@engine/data/csv'
import { unlabeled } from '@engine/data/dataset'

/** Gathers labels in any order of classes and numbers them at the end. */
export interface LabelCollector {
  readonly length: number
  /** `place` says where a label stands, for messages. */
  push(value: number | string | null, place: () => string): void
}

export interface Labels {
  readonly classNames: readonly string[]
  /** class numbers of each collector's rows */
  readonly numbers: readonly Int32Array[]
}

export interface LabelOptions {
  /** what errors name */
  readonly name: string
  /** the classes, where they are known: labels are names or positions in it */
  readonly classNames?: readonly string[]
  /** whether rows of this list may lack a label */
  readonly allowsUnlabeled: (list: number) => boolean
}

/**
 * Collectors for `count` lists of labels of the same classes. Whole numbers are numbered in ascending order, other texts by name.
 * A label that is missing, NaN, empty or −1 is unknown where its list may have such, and an error elsewhere.
 */
export function createLabels(
  count: number,
  { name, classNames, allowsUnlabeled }: LabelOptions,
): { readonly collectors: readonly LabelCollector[]; finish(): Labels } {
  const codes = new Map<number | string, number>()
  const lists = Array.from({ length: count }, () => new GrowingInts())
  const least = lists.some((_, list) => allowsUnlabeled(list)) ? 0 : 2
  const push = (list: GrowingInts, value: number | string | null, place: () => string): void => {
    const label = typeof value === 'string' ? value.trim() : value
    if (isBlank(label) || (isUnknown(label) && allowsUnlabeled(lists.indexOf(list)))) {
      if (allowsUnlabeled(lists.indexOf(list))) return list.push(unlabeled)
      throw badInput(`${name}: no label at ${place()}`, {
        file: name,
        path: place(),
        expected: least === 0 ? 'a class: only training rows may lack one' : 'a class; or say that rows without a label are unlabelled',
      })
    }
    let code = codes.get(label)
    if (code === undefined) {
      if (typeof label === 'number' && !Number.isSafeInteger(label))
        throw badInput(`${name}: the label at ${place()} is ${label}`, {
          file: name,
          path: place(),
          found: String(label),
          expected: 'an integer or the name of a class',
        })
      if (classNames !== undefined && !(positionOf(label, classNames) in classNames))
        throw badInput(`${name}: there is no class ${label} (${place()})`, {
          file: name,
          path: place(),
          found: String(label),
          expected: `0 to ${classNames.length - 1}, or a class name`,
        })
      code = codes.size
      // One more than allowed is enough to refuse it, with a message of the rule.
      if (code > mostClasses) orderClasses(new Set(codes.keys()), name)
      codes.set(label, code)
    }
    list.push(code)
  }
  return {
    collectors: lists.map((list) => ({
      get length() {
        return list.length
      },
      push: (value, place) => push(list, value, place),
    })),
    finish: () => {
      const distinct = [...codes.keys()]
      const [names, order] =
        classNames === undefined ? numbered(distinct, name, least) : [classNames, (value: number | string) => positionOf(value, classNames)]
      const target = Int32Array.from(distinct, (value) => order(value))
      return { classNames: names, numbers: lists.map((list) => list.values().map((code) => (code === unlabeled ? code : target[code]))) }
    },
  }
}

const isBlank = (label: number | string | null): label is null => label === null || label === '' || Number.isNaN(label)

/** What stands for a class that is not known, where such are allowed. */
const isUnknown = (label: number | string): boolean => label === -1 || /^(-1|nan|null)$/i.test(String(label))

function positionOf(label: number | string, classNames: readonly string[]): number {
  if (typeof label === 'number') return label
  const named = classNames.indexOf(label)
  return named < 0 && /^\d+$/.test(label) ? Number(label) : named
}

function numbered(
  distinct: readonly (number | string)[],
  name: string,
  least: number,
): [readonly string[], (value: number | string) => number] {
  // Numbers written as text count as numbers when all are, as in a column of a table.
  const isNumbers = distinct.every((value) => typeof value === 'number' || isNumeric(value))
  const key = (value: number | string): number | string => (isNumbers ? Number(value) : String(value))
  const bad = isNumbers ? distinct.find((value) => !Number.isSafeInteger(Number(value))) : undefined
  if (bad !== undefined)
    throw badInput(`${name}: the label ${bad} is not a class`, {
      file: name,
      found: String(bad),
      expected: 'an integer or the name of a class',
    })
  const ordered = orderClasses(new Set(distinct.map(key)), name, least)
  const number = new Map(ordered.map((value, i) => [value, i]))
  return [ordered.map(String), (value) => number.get(key(value)) ?? 0]
}

class GrowingInts {
  length = 0
  private data = new Int32Array(1024)
  push(value: number): void {
    if (this.length === this.data.length) {
      const wider = new Int32Array(this.data.length * 2)
      wider.set(this.data)
      this.data = wider
    }
    this.data[this.length++] = value
  }
  values(): Int32Array {
    return this.data.slice(0, this.length)
  }
}
