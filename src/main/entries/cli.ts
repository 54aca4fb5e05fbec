import { dirname } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { runCli } from '../cli/program'

const controller = new AbortController()
const stop = (): void => {
  if (controller.signal.aborted) process.exit(130) // asked twice: do not wait for the safe point
  controller.abort()
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
// `querent score … | head` closes the pipe early
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

// `npm run` moves to the package's folder and tells where the caller was
const { INIT_CWD, npm_package_json: packageJson } = process.env
const movedByNpm = packageJson !== undefined && dirname(packageJson) === process.cwd()

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question, { signal: controller.signal })
  } finally {
    lines.close()
  }
}

const argv = process.argv.slice(2)
const code = await runCli(argv, {
  cwd: movedByNpm && INIT_CWD !== undefined ? INIT_CWD : process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
  signal: controller.signal,
  jobEntry: fileURLToPath(new URL('./job.js', import.meta.url)),
  commandLine: ['querent', ...argv].join(' '),
})
// a pipe may not be drained yet
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
