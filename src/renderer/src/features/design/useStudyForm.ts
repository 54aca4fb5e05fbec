import { computed } from 'vue'
import { entryParameters } from '@engine/study/catalog'
import { canonicalJson } from '@engine/core/hash'
import { removeAt, setAt } from '@engine/study/editStudy'
import { factorPaths } from '@engine/study/factors'
import { idleField, type IdleField } from '@engine/study/idle'
import { formatPath, isRecord, type Path } from '@engine/study/paths'
import type { FactorValue, Finding } from '@engine/study/spec'
import type { FieldSchema } from '@engine/study/catalog'
import { useStudy } from '@/state/study'
import { entryId, entryName, valueAt } from './studyEdits'
import { useStudySchema, type SectionName } from './useStudySchema'

export interface FormEntry {
  readonly index: number
  readonly id: string
  readonly name: string
  readonly raw: unknown
}

/** What was found about a field, by everything that it depends on; a study is asked about its fields again at every keystroke. */
const idleFound = new Map<string, IdleField | null>()
const mostIdle = 2000

/** Reading and writing the study's fields by path; everything goes through the text, so YAML and form never part. */
export function useStudyForm() {
  const study = useStudy()
  const schema = useStudySchema()

  const raw = computed<Readonly<Record<string, unknown>>>(() => (isRecord(study.source.value) ? study.source.value : {}))
  const broken = computed(() => study.source.findings[0] ?? null)
  const entries = computed<readonly FormEntry[]>(() => {
    const { strategies } = raw.value
    return Array.isArray(strategies)
      ? strategies.map((entry: unknown, index) => ({ index, id: entryId(entry), name: entryName(entry), raw: entry }))
      : []
  })
  const factors = computed<Readonly<Record<string, readonly FactorValue[]>>>(() =>
    isRecord(raw.value.ablate)
      ? Object.fromEntries(
          Object.entries(raw.value.ablate).flatMap(([path, levels]) =>
            Array.isArray(levels) ? [[path, levels as readonly FactorValue[]]] : [],
          ),
        )
      : {},
  )
  const modelType = computed(() => {
    const type = valueAt(raw.value, ['model', 'type'])
    return typeof type === 'string' ? type : 'mlp'
  })
  const possibleFactors = computed<readonly string[]>(() => (study.checked.study ? factorPaths(study.checked.study) : []))

  const isSet = (path: Path): boolean => valueAt(raw.value, path) !== undefined
  /** What the file says, or else the schema's default. */
  const read = (path: Path, field: FieldSchema): unknown => valueAt(raw.value, path) ?? field.default ?? null
  const write = (path: Path, value: unknown, kind: string | null = null): void => study.edit((text) => setAt(text, path, value), kind)
  const reset = (path: Path): void => study.edit((text) => removeAt(text, path))

  const byPath = computed(() => {
    const map = new Map<string, Finding[]>()
    for (const finding of study.findings) map.set(finding.path, [...(map.get(finding.path) ?? []), finding])
    return map
  })
  const findingsAt = (path: Path): readonly Finding[] => byPath.value.get(formatPath(path)) ?? []
  /** Findings of a section, which is a first step of paths. */
  const findingsIn = (first: string): readonly Finding[] =>
    study.findings.filter(({ path }) => path === first || path.startsWith(`${first}.`) || path.startsWith(`${first}[`))

  /** Schemas of an entry's parameters, those of the methods it is made of among them. */
  const parametersOf = ({ id, raw: given }: FormEntry): Readonly<Record<string, FieldSchema>> =>
    entryParameters(schema.catalog, id, isRecord(given) ? given : {})

  /** Why a field, named like a factor, changes nothing as the study stands; null when it counts or the study has errors. */
  function idle(factor: string): IdleField | null {
    const read = study.checked.study
    if (!read) return null
    const [section] = factor.split('.')
    const entry = section === 'strategies' ? read.strategies.find(({ name }) => factor.startsWith(`strategies.${name}.`)) : undefined
    const own = entry ? entryParameters(schema.catalog, entry.id, entry.params) : schema.fields(section as SectionName, read.model.type)
    const parts = entry ?? (read as unknown as Readonly<Record<string, unknown>>)[section]
    const levels = Object.entries(read.ablate).filter(([path]) => path.startsWith(entry ? `strategies.${entry.name}.` : `${section}.`))
    const key = canonicalJson([factor, parts, levels])
    const known = idleFound.get(key)
    if (known !== undefined) return known
    if (idleFound.size > mostIdle) idleFound.clear()
    const found = idleField(read, factor, own)
    idleFound.set(key, found)
    return found
  }

  /** Schema, own value and default of the field that a factor varies. */
  function factorField(factor: string): { readonly field: FieldSchema; readonly path: Path } | null {
    const entry = [...entries.value]
      .sort((a, b) => b.name.length - a.name.length)
      .find(({ name }) => factor.startsWith(`strategies.${name}.`))
    if (entry) {
      const parameter = factor.slice(`strategies.${entry.name}.`.length)
      const field =
        parameter === 'rounds'
          ? { type: 'integer', minimum: 1, default: valueAt(raw.value, ['protocol', 'rounds']) ?? 8 }
          : parametersOf(entry)[parameter]
      return field ? { field, path: ['strategies', entry.index, parameter] } : null
    }
    const [section, name] = factor.split('.')
    if (section === 'model' && name === 'type') return { field: { enum: schema.modelTypes, default: 'mlp' }, path: ['model', 'type'] }
    const field = schema.fields(section as SectionName, modelType.value)[name]
    return field ? { field, path: [section, name] } : null
  }

  return {
    study,
    schema,
    raw,
    broken,
    entries,
    factors,
    modelType,
    possibleFactors,
    isSet,
    read,
    write,
    reset,
    findingsAt,
    findingsIn,
    factorField,
    parametersOf,
    idle,
  }
}
