import { canonicalJson } from '@engine/core/hash'
import type { FactorValue } from '@engine/study/spec'
import { kindOf } from './fieldSchema'
import { addFactor } from './studyEdits'
import { useStudyForm } from './useStudyForm'

const isLevel = (value: unknown): value is FactorValue =>
  value === null ||
  ['string', 'number', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) && value.every((member) => ['string', 'number'].includes(typeof member)))

/** Turning a field into a factor: it begins with its own value and a second one where the schema knows which. */
export function useFactorActions() {
  const form = useStudyForm()

  function firstLevels(factor: string): readonly FactorValue[] {
    const found = form.factorField(factor)
    if (!found) return []
    const own = form.read(found.path, found.field)
    const kind = kindOf(found.field)
    const current: readonly FactorValue[] = isLevel(own) ? [own] : []
    if (kind.kind === 'switch') return [false, true]
    if (kind.kind === 'choice') {
      const other = kind.values.find((value) => canonicalJson(value) !== canonicalJson(own ?? null))
      return other === undefined ? current : [...current, other]
    }
    if (kind.kind === 'number' && typeof own === 'number') {
      const doubled = own === 0 ? 1 : 2 * own
      const fits = kind.max === undefined || doubled <= kind.max
      return [own, fits ? doubled : own / 2]
    }
    if (kind.kind === 'text') {
      const other = typeof own === 'number' ? 2 * own || 1 : kind.words.find((word) => word !== own)
      return other === undefined ? current : [...current, other]
    }
    return current
  }
  return {
    useAsFactor: (factor: string): void => {
      const levels = firstLevels(factor)
      if (levels.length > 0) form.study.edit((text) => addFactor(text, factor, levels))
    },
  }
}
