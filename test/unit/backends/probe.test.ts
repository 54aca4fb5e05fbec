import { describe, expect, it } from 'vitest'
import { probeBackend } from '@backends/probe'
import { autoOrder, createExecutor } from '@backends/registry'

describe('probing backends', () => {
  it.each(['reference', 'onnx-native', 'onnx-wasm'] as const)('finds %s usable', async (id) => {
    const report = await probeBackend(id)
    expect(report).toMatchObject({ id, usable: true, reason: '', threads: 1 })
    expect(report.device).not.toBe('')
  })

  it('says why TensorFlow cannot be used, and never settles for its JavaScript backend', async () => {
    const report = await probeBackend('tfjs')
    if (report.usable) return expect(report.device).toMatch(/TensorFlow/)
    expect(report.reason).toMatch(/tfjs-node-gpu.*tfjs-node/s)
    await expect(createExecutor('tfjs')).rejects.toMatchObject({ code: 'backend-unavailable' })
  })

  it('tries the fastest backend first', () => {
    expect(autoOrder).toEqual(['onnx-native', 'onnx-wasm'])
  })
})
