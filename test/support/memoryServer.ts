import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { build, preview } from 'vite'
import { browserAliases } from '../../scripts/aliases.mjs'
import { rootDir } from './paths'

/** The policy that both hosts of the app send; pages must work under it without one violation. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'; style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Where the workbench over the lab in memory is served while browser tests run. */
export const workbench = process.env.QUERENT_TEST_WORKBENCH ?? ''

/** Before all browser tests: builds the workbench over the lab in memory and serves it as the app's hosts do; returns what ends it. */
export default async function serveMemoryWorkbench(): Promise<() => Promise<void>> {
  const shared = {
    configFile: false as const,
    root: resolve(rootDir, 'test/browser/memory'),
    logLevel: 'error' as const,
    plugins: [vue()],
    resolve: { alias: browserAliases },
    build: { outDir: resolve(rootDir, 'out/test-workbench'), emptyOutDir: true, minify: false, reportCompressedSize: false },
  }
  await build(shared)
  const server = await preview({ ...shared, preview: { port: 0, host: '127.0.0.1', headers: { 'Content-Security-Policy': policy } } })
  const [url] = server.resolvedUrls?.local ?? []
  if (!url) throw new Error('the preview server has no address')
  process.env.QUERENT_TEST_WORKBENCH = url
  return () => server.close()
}
