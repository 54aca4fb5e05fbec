import { arrayRoles, previewRows, previewValues, type ArrayRole, type ImportMapping, type ImportPreview } from '@contract/importing'
import { planImport } from './importDataset'
import { createScratch } from '../source/scratch'
import { slug, workFolder } from '../imported/store'
import type { Plan } from './plan'

/** What an import would make of the files, from a look at their first rows. */
export async function previewImport(paths: readonly string[], mapping: ImportMapping, library: string): Promise<ImportPreview> {
  const scratch = await createScratch(workFolder(library))
  try {
    const { plan, tree, importer, title, form } = await planImport(paths, mapping, scratch, true)
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
    const roleOf = new Map([...plan.roles].map(([role, { name }]) => [name, role]))
    return {
      importer,
      title,
      form,
      arrays: plan.arrays.map(({ name, shape, dtype }) => ({ name, shape, type: dtype, role: roleOf.get(name) ?? '' })),
      columns: plan.columns,
      mapping: found(plan, mapping, tree.name),
      kind: plan.kind,
      shape: plan.shape,
      valueNames: plan.valueNames.slice(0, previewValues),
      rows,
      total: plan.total,
      problems: plan.notes,
    }
  } finally {
    await scratch.dispose()
  }
}

const labelName = (label: number | string | null, { classNames }: Plan): string =>
  typeof label === 'number' && classNames !== undefined ? (classNames[label] ?? '') : String(label ?? '')

/** The mapping that makes the import do what the preview shows. */
function found(plan: Plan, mapping: ImportMapping, name: string): ImportMapping {
  const roles: Partial<Record<ArrayRole, string>> = {}
  for (const role of arrayRoles) {
    const array = plan.roles.get(role)
    if (array !== undefined) roles[role] = array.name
  }
  const label = plan.columns.find(({ role }) => role === 'label')?.name ?? null
  const columns: NonNullable<ImportMapping['columns']> = {}
  for (const { name: column, role } of plan.columns) if (role !== 'label' && role !== 'split') columns[column] = role
  const table = plan.encoding === null ? {} : { label, split: plan.columns.find(({ role }) => role === 'split')?.name ?? null, columns }
  const [channels, height, width] = plan.shape
  const size = plan.encoding?.kind === 'image' ? { channels: channels === 1 ? (1 as const) : (3 as const), height, width } : {}
  return { ...mapping, id: mapping.id ?? slug(name), kind: plan.kind, ...roles, ...table, ...size }
}
