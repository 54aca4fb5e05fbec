// `npm test` (everything) and `npm run check` (types, lint, unit). Ends with one plain line of counts.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, ensureBuilt, ensureInstalled, note, root } from './lib.mjs'

const quick = process.argv.includes('--quick')
ensureInstalled()

const totals = { passed: 0, failed: 0, skipped: 0 }
const skipped = []
const reports = mkdtempSync(join(tmpdir(), 'querent-test-'))
const bin = (name, file) => at('node_modules', ...name.split('/'), file)

/** Runs a program of ours; its output comes at once when it is alone, at its end when others run beside it. */
function step(title, args, { env, together = false } = {}) {
  const began = Date.now()
  if (!together) note(`\n── ${title}`)
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: env ?? process.env,
      stdio: ['ignore', together ? 'pipe' : 'inherit', together ? 'pipe' : 'inherit'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text))
    child.on('exit', (code) => {
      const ok = code === 0
      if (!ok && output) note(output)
      note(`   ${title}: ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - began) / 1000).toFixed(1)} s`)
      resolve(ok)
    })
  })
}

const tsc = bin('typescript', 'bin/tsc')
const staticChecks = [
  ['types: engine, contract, figures', [tsc, '-p', 'tsconfig.pure.json']],
  ['types: main, backends, tests', [tsc, '-p', 'tsconfig.node.json']],
  ['types: renderer', [bin('vue-tsc', 'bin/vue-tsc.js'), '-p', 'tsconfig.web.json']],
  ['lint', [bin('eslint', 'bin/eslint.js'), '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/']],
]
note('\n── types and lint')
for (const ok of await Promise.all(staticChecks.map(([title, args]) => step(title, args, { together: true }))))
  totals[ok ? 'passed' : 'failed'] += 1

await ensureBuilt()
await vitest()
if (!quick) await playwright()

if (skipped.length) note(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`)
rmSync(reports, { recursive: true, force: true })
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(totals.failed === 0 ? 0 : 1)

async function vitest() {
  const report = join(reports, 'vitest.json')
  const projects = quick ? ['test/unit'] : []
  const ok = await step('unit, conformance, reference, contract, integration', [
    bin('vitest', 'vitest.mjs'),
    'run',
    ...projects,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ])
  if (!existsSync(report)) return void (totals.failed += 1)
  const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  totals.passed += numPassedTests
  // A file that fails to load has no failed test of its own.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length
  totals.failed += numFailedTests + broken
  if (!ok && numFailedTests + broken === 0) totals.failed += 1
  for (const file of testResults)
    for (const test of file.assertionResults)
      if (test.status === 'pending' || test.status === 'skipped' || test.status === 'todo') {
        totals.skipped += 1
        skipped.push(test.fullName)
      }
}

async function playwright() {
  const report = join(reports, 'playwright.json')
  await step('browser', [bin('@playwright/test', 'cli.js'), 'test'], { env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report } })
  if (!existsSync(report)) return void (totals.failed += 1)
  const { stats, suites, errors } = JSON.parse(readFileSync(report, 'utf8'))
  totals.passed += stats.expected + stats.flaky
  totals.failed += stats.unexpected + (stats.unexpected === 0 ? errors.length : 0)
  totals.skipped += stats.skipped
  const walk = (suite) => {
    for (const spec of suite.specs ?? [])
      for (const test of spec.tests)
        if (test.status === 'skipped')
          skipped.push(
            `${spec.title}: ${
              test.annotations
                .map((a) => a.description)
                .filter(Boolean)
                .join('; ') || 'no reason given'
            }`,
          )
    for (const child of suite.suites ?? []) walk(child)
  }
  suites.forEach(walk)
}
