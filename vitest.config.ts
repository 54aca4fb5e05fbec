import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { aliases } from './scripts/aliases.mjs'
import { inlineScript } from './scripts/inlineScript.mjs'

const fakeElectron = resolve(import.meta.dirname, 'test/fakes/electron.ts')

export default defineConfig({
  plugins: [vue(), inlineScript()],
  resolve: {
    alias: [
      ...Object.entries(aliases).map(([find, replacement]) => ({ find: new RegExp(`^${find}/`), replacement: `${replacement}/` })),
      // Importing the real package outside Electron starts a download.
      { find: /^electron(\/(main|renderer|common|utility))?$/, replacement: fakeElectron },
    ],
  },
  test: {
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'source', include: ['test/{unit,conformance,property,reference,contract}/**/*.test.ts'] } },
      // These run the built program.
      {
        extends: true,
        test: { name: 'built', include: ['test/{integration,electron}/**/*.test.ts'], globalSetup: ['test/support/buildOnce.ts'] },
      },
    ],
  },
})
