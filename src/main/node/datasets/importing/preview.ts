import { encodeError } from '@contract/errorCodec'
import { previewRows, previewValues, type ArrayRole, type ImportMapping, type ImportPreview } from '@contract/importing'
import { QuerentError } from '@engine/core/errors'
import type { ArraySource } from '../importers/contract'
import { guessRoles } from './arrays'
import { openFiles, planImport, type OpenedFiles } from './importDataset'
import { createScratch } from '../source/scratch'
import { slug, workFolder } from '../imported/store'
import type { Plan } from './plan'

/** What an import would make of the files, from a look at their first rows. Arrays of which nobody can tell what is what are listed. */
export async function previewImport(paths: readonly string[], mapping: ImportMapping, library: string): Promise<ImportPreview> {
  const scratch = await createScratch(workFolder(library))
  try {
    const source = await openFiles(paths, mapping, scratch)
    try {
      return await planned(await planImport(source, mapping, true), mapping, source)
    } catch (error) {
      if (source.opened.form === 'table' || !(error instanceof QuerentError)) throw error
      return refused(source.opened.arrays, mapping, source, error)
    }
  } finally {
    await scratch.dispose()
  }
}

async function planned(plan: Plan, mapping: ImportMapping, { importer, title, opened, tree }: OpenedFiles): Promise<ImportPreview> {
  return {
    importer,
    title,
    form: opened.form,
    arrays: listed(plan.arrays, plan.roles),
    columns: plan.columns,
    mapping: found(plan, mapping, tree.name),
    kind: plan.kind,
    shape: plan.shape,
    valueNames: plan.valueNames.slice(0, previewValues),
    rows: await firstRows(plan),
    total: plan.total,
    problems: plan.notes,
    refusal: null,
  }
}

/** The arrays with the roles that were found so far, and why that is not enough. */
function refused(
  arrays: readonly ArraySource[],
  mapping: ImportMapping,
  { importer, title, tree }: OpenedFiles,
  error: QuerentError,
): ImportPreview {
  const roles = guessRoles(arrays, mapping)
  return {
    importer,
    title,
    form: 'arrays',
    arrays: listed(arrays, roles),
    columns: [],
    mapping: { ...mapping, id: mapping.id ?? slug(tree.name), ...namesOf(roles) },
    kind: mapping.kind ?? 'vector',
    shape: [],
    valueNames: [],
    rows: [],
    total: null,
    problems: [],
    refusal: encodeError(error),
  }
}

async function firstRows(plan: Plan): Promise<ImportPreview['rows']> {
  const rows: ImportPreview['rows'][number][] = []
  for await (const part of plan.rows(previewRows)) {
    const size = part.data.length / part.rows
    for (let i = 0; i < part.rows && rows.length < previewRows; i++) {
      const label = part.labels[i]
      rows.push({
        values: Array.from(part.data.subarray(i * size, i * size + Math.min(size, previewValues))),
        label: labelName(label, plan),
        split: part.splits?.[i] ?? part.split,
        text: part.texts?.[i]?.slice(0, 2000) ?? '',
      })
    }
    if (rows.length >= previewRows) break
  }
  return rows
}

function listed(arrays: readonly ArraySource[], roles: ReadonlyMap<ArrayRole, ArraySource>): ImportPreview['arrays'] {
  const roleOf = new Map([...roles].map(([role, { name }]) => [name, role]))
  return arrays.map(({ name, shape, dtype }) => ({ name, shape, type: dtype, role: roleOf.get(name) ?? '' }))
}

/** The part of a mapping that says these roles. */
const namesOf = (roles: ReadonlyMap<ArrayRole, ArraySource>): Partial<Record<ArrayRole, string>> =>
  Object.fromEntries([...roles].map(([role, { name }]) => [role, name]))

const labelName = (label: number | string | null, { classNames }: Plan): string =>
  typeof label === 'number' && classNames !== undefined ? (classNames[label] ?? '') : String(label ?? '')

/** The mapping that makes the import do what the preview shows. */
function found(plan: Plan, mapping: ImportMapping, name: string): ImportMapping {
  const label = plan.columns.find(({ role }) => role === 'label')?.name ?? null
  const columns: NonNullable<ImportMapping['columns']> = {}
  for (const { name: column, role } of plan.columns) if (role !== 'label' && role !== 'split') columns[column] = role
  const table = plan.encoding === null ? {} : { label, split: plan.columns.find(({ role }) => role === 'split')?.name ?? null, columns }
  const [channels, height, width] = plan.shape
  const size = plan.encoding?.kind === 'image' ? { channels: channels === 1 ? (1 as const) : (3 as const), height, width } : {}
  return { ...mapping, id: mapping.id ?? slug(name), kind: plan.kind, ...namesOf(plan.roles), ...table, ...size }
}
