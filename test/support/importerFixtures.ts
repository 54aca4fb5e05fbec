import type { ImportMapping } from '@contract/importing'

/** What files of test/fixtures/importers do not say themselves. */
export const fixtureMappings: Readonly<Record<string, ImportMapping>> = {
  'columns4.mat': { inputs: 'faces', width: 5, height: 6, perClass: 10 },
  'annotated.zip': { label: 'column 1', columns: { 'column 0': 'image', 'column 2': 'skip' } },
}
