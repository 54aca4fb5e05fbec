import type { Licence } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { resourcePath } from './resources'
import { readIfThere } from './storage/files'

/** Packages that ship with the app, as the build listed them beside its output. */
export async function listLicences(): Promise<Licence[]> {
  const file = resourcePath('..', 'out', 'licences.json')
  const text = await readIfThere(file)
  if (text === null) throw new QuerentError('not-found', 'the list of licences is made by the build', { file })
  return JSON.parse(text.toString('utf8')) as Licence[]
}
