import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseStudy } from '@engine/study/schema'
import { doctorReport } from '@main/node/doctor'
import { cliFolder } from '../../support/cliFolder'

describe('recipes', () => {
  const cli = cliFolder()

  it('lists what each one asks and how long it takes', async () => {
    const { recipes } = JSON.parse((await cli.run('recipes', 'list', '--json')).stdout) as { recipes: Record<string, unknown>[] }
    expect(recipes.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['entropy-alone', 'gradient-norm-vs-entropy', 'badge-cold-start', 'diversity-early-vs-late']),
    )
    for (const recipe of recipes) {
      expect(Object.keys(recipe)).toEqual(expect.arrayContaining(['title', 'paper', 'question', 'look', 'expect', 'dataset']))
      expect(recipe.estimatedSeconds).toBeGreaterThan(0)
    }
  })

  it('copies one to stdout or to a file, never over something else', async () => {
    const { stdout } = await cli.run('recipes', 'copy', 'entropy-alone')
    expect(parseStudy(stdout, { file: 'copy.yaml' }).study).toBe('entropy-alone')
    expect((await cli.run('recipes', 'copy', 'entropy-alone', '--out', 'study.yaml')).code).toBe(0)
    expect(readFileSync(cli.path('study.yaml'), 'utf8')).toBe(stdout)
    const { code, stderr } = await cli.run('recipes', 'copy', 'badge-cold-start', '--out', 'study.yaml')
    expect([code, stderr.includes('study.yaml exists')]).toEqual([2, true])
    expect(readFileSync(cli.path('study.yaml'), 'utf8')).toBe(stdout)
  })

  it('names the nearest one', async () => {
    const { code, stderr } = await cli.run('recipes', 'copy', 'entropy-alon', '--out', 'none.yaml')
    expect([code, existsSync(cli.path('none.yaml'))]).toEqual([2, false])
    expect(stderr).toContain('did you mean: entropy-alone')
  })
})

describe('doctor', () => {
  const backends = { report: () => Promise.resolve([{ id: 'reference' as const, usable: true, reason: '', device: 'CPU', threads: 1 }]) }

  it('says what the machine has', async () => {
    const report = await doctorReport({ backends, workspace: '.' })
    expect(report.versions).toMatchObject({ node: process.versions.node, 'onnxruntime-node': expect.stringMatching(/^\d/) as unknown })
    expect(report.backends).toHaveLength(1)
    expect(report.memory.totalBytes).toBeGreaterThan(report.memory.freeBytes)
    expect(report.workspace).toEqual({ path: '.', writable: true, reason: 'exists' })
    expect(report.electron.reason).not.toBe('')
    expect(report.display.reason).not.toBe('')
  })

  it('leaves a workspace that is not there alone', async () => {
    const folder = `${import.meta.dirname}/none/there`
    expect((await doctorReport({ backends, workspace: folder })).workspace).toMatchObject({ writable: true })
    expect(existsSync(folder)).toBe(false)
    const blocked = `${import.meta.filename}/workspace`
    expect((await doctorReport({ backends, workspace: blocked })).workspace).toMatchObject({
      writable: false,
      reason: `${import.meta.filename} is a file`,
    })
  })
})

describe('serve', () => {
  const cli = cliFolder()

  it('refuses a port that there is none of', async () => {
    const { code, stdout, stderr } = await cli.run('serve', '--port', '99999')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('from 0 to 65535')
  })
})

describe('bench', () => {
  const cli = cliFolder()

  it('reports machine, versions and results with their spread', async () => {
    const { code, stdout } = await cli.run('bench', '--suite', 'engine', '--runs', '1', '--json')
    expect(code).toBe(0)
    const { machine, versions, results } = JSON.parse(stdout) as Record<'machine' | 'versions', object> & {
      results: Record<string, unknown>[]
    }
    expect(machine).toHaveProperty('cores')
    expect(versions).toHaveProperty('node')
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ name: 'engine-overhead', runs: 1, size: expect.any(String) as unknown })
    expect(results[0].share).toBeGreaterThan(0)
    expect(results[0].share).toBeLessThan(1)
  })

  it('refuses an unknown suite', async () => {
    expect((await cli.run('bench', '--suite', 'speed')).code).toBe(2)
  })
})
