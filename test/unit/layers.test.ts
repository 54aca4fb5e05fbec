import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { layers } from '../../scripts/layers.mjs'
import { rootDir } from '../support/paths'

const sources = (folder: string): string[] =>
  readdirSync(join(rootDir, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|vue)$/.test(name) && !name.includes('assembly'))
    .map((name) => join(folder, name))

function importsOf(file: string): string[] {
  const text = readFileSync(join(rootDir, file), 'utf8')
  const scripts = file.endsWith('.vue') ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]) : [text]
  return scripts.flatMap((script) => ts.preProcessFile(script, true, true).importedFiles.map((imported) => imported.fileName))
}

/** Forbidden imports of one file: a file obeys every layer that contains it, except that core's stricter row replaces nothing. */
function offences(file: string): string[] {
  const path = relative('.', file).replaceAll('\\', '/')
  const rules = layers.filter(({ folder }) => path.startsWith(`${folder}/`)).flatMap(({ forbid }) => forbid)
  return importsOf(file).flatMap((specifier) =>
    rules.filter(({ patterns }) => new RegExp(patterns).test(specifier)).map(({ reason }) => `${path} imports ${specifier}: ${reason}`),
  )
}

describe('layers', () => {
  it('finds imports in every form', () => {
    expect(importsOf('test/unit/layers.test.ts')).toContain('vitest')
    expect(sources('src/engine').length).toBeGreaterThan(10)
  })

  it('every import goes downwards', () => {
    expect(sources('src').flatMap(offences)).toEqual([])
  })

  it('would notice a forbidden import', () => {
    const engine = layers.filter(({ folder }) => folder === 'src/engine').flatMap(({ forbid }) => forbid)
    for (const specifier of ['node:fs', 'vue', '@main/node/storage', '../../backends/registry', 'lodash'])
      expect(engine.some(({ patterns }) => new RegExp(patterns).test(specifier)), specifier).toBe(true)
    for (const specifier of ['zod', './matrix', '../core/matrix', '@noble/hashes/sha2.js'])
      expect(engine.some(({ patterns }) => new RegExp(patterns).test(specifier)), specifier).toBe(false)
  })
})
