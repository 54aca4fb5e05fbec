// `npm run dev`: hot reload of the renderer; the host restarts when anything else changes.
import { spawn } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { at, ensureBuilt, ensureInstalled, note, root, run } from './lib.mjs'

ensureInstalled()
const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
if (display && existsSync(at('node_modules', 'electron', 'path.txt'))) {
  const { code } = await run(process.execPath, [at('node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'dev'])
  process.exit(code)
}

note('No desktop runtime here: developing in the browser.')
const { createServer } = await import('vite')
const { default: vue } = await import('@vitejs/plugin-vue')
const { aliases } = await import('./aliases.mjs')

let host = await startHost(0)
const target = new URL(host.url).origin
const forward = { target, changeOrigin: true, headers: { origin: target } }
const server = await createServer({
  configFile: false,
  root: at('src', 'renderer'),
  resolve: { alias: aliases },
  plugins: [vue()],
  server: { host: '127.0.0.1', proxy: { '/session': forward, '/lab': { ...forward, ws: true } } },
})
await server.listen()
console.log(`${server.resolvedUrls.local[0]}${new URL(host.url).hash}`)

let timer
watch(at('src'), { recursive: true }, (_event, file) => {
  if (!file || file.startsWith('renderer')) return
  clearTimeout(timer)
  timer = setTimeout(async () => {
    host.child.kill('SIGTERM')
    await host.ended
    host = await startHost(new URL(target).port) // the session of an open page holds across restarts
    note('Host restarted.')
  }, 300)
})

async function startHost(port) {
  await ensureBuilt()
  const child = spawn(process.execPath, [at('out', 'main', 'cli.js'), 'serve', '--port', String(port)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const url = await new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(String(line).trim()))
    ended.then((code) => reject(new Error(`the host ended with exit code ${code}`)))
  })
  return { child, url, ended }
}
