import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { aliases as alias, browserAliases } from './scripts/aliases.mjs'
import { inlineScript } from './scripts/inlineScript.mjs'

const root = import.meta.dirname

export default defineConfig({
  main: {
    resolve: { alias },
    plugins: [inlineScript()],
    build: {
      target: 'node20.19',
      rollupOptions: {
        input: {
          index: resolve(root, 'src/main/index.ts'),
          lab: resolve(root, 'src/main/entries/lab.ts'),
          job: resolve(root, 'src/main/entries/job.ts'),
          cli: resolve(root, 'src/main/entries/cli.ts'),
        },
        // Entries find each other by URL, so shared chunks stay in the same folder.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    resolve: { alias },
    build: {
      rollupOptions: {
        input: resolve(root, 'src/preload/index.ts'),
        // A sandboxed preload is one CommonJS file.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(root, 'src/renderer'),
    resolve: { alias: browserAliases },
    plugins: [vue()],
    build: { minify: 'oxc', rollupOptions: { input: resolve(root, 'src/renderer/index.html') } },
  },
})
