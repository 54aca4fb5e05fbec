// Damaged files for the importers, many more than `npm test` tries: `npm run fuzz [cases] [seed]`.
import { spawnSync } from 'node:child_process'
import process from 'node:process'

const [cases = '100000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
console.log(`${cases} damaged files, seed ${seed}`)
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'source', 'test/property/importers.test.ts'],
  {
    stdio: 'inherit',
    env: { ...process.env, QUERENT_FUZZ_CASES: cases, QUERENT_FUZZ_SEED: seed },
  },
)
process.exitCode = status ?? 1
