import { fileURLToPath } from 'node:url'

const source = (path) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

/** Import prefixes of the source folders; `tsconfig.base.json` repeats them for the type checker. */
export const aliases = {
  '@engine': source('engine'),
  '@backends': source('backends'),
  '@contract': source('contract'),
  '@figures': source('figures'),
  '@main': source('main'),
  '@': source('renderer/src'),
}

/** With a stand-in for what a page must not load. */
export const browserAliases = { ...aliases, '@stdlib/assert-has-generator-support': source('renderer/hasGenerators.cjs') }
