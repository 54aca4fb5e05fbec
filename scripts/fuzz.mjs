// Damaged files for the importers, many more than `npm test` tries: `npm run fuzz [cases] [seed] [first]`.
// They run in a process that is ended when one case takes too long; it is reported, and the run goes on behind it.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const hangMs = 60_000
const [cases = '100000', seed = String(Date.now() % 1_000_000), first = '0'] = process.argv.slice(2)
const end = Number(first) + Number(cases)
const folder = mkdtempSync(join(tmpdir(), 'querent-fuzz-run-'))
const progress = join(folder, 'case')
console.log(`${cases} damaged files, seed ${seed}`)

let failed = false
for (let next = Number(first); next < end;) {
  writeFileSync(progress, String(next))
  const hung = await run(next)
  if (hung === null) break
  console.error(`case ${hung} of seed ${seed} goes on for more than ${hangMs / 1000} s`)
  failed = true
  next = hung + 1
}
rmSync(folder, { recursive: true, force: true })
process.exitCode = failed ? 1 : 0

/** Runs the cases from `from` on; resolves to the case that hangs, null at the end. */
function run(from) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--project', 'source', 'test/property/importers.test.ts'],
      {
        stdio: 'inherit',
        detached: process.platform !== 'win32', // a group of its own, with the workers
        env: {
          ...process.env,
          QUERENT_FUZZ_CASES: String(end - from),
          QUERENT_FUZZ_FIRST: String(from),
          QUERENT_FUZZ_SEED: seed,
          QUERENT_FUZZ_PROGRESS: progress,
        },
      },
    )
    let hung = null
    let seen = { at: '', since: performance.now() }
    const watch = setInterval(() => {
      const at = readFileSync(progress, 'utf8')
      if (at !== seen.at) seen = { at, since: performance.now() }
      else if (performance.now() - seen.since > hangMs) {
        hung = Number(at)
        if (process.platform === 'win32') child.kill('SIGKILL')
        else process.kill(-child.pid, 'SIGKILL')
      }
    }, 1000)
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
    child.on('exit', (status) => {
      clearInterval(watch)
      if (hung === null && status !== 0) failed = true
      resolve(hung)
    })
  })
}
