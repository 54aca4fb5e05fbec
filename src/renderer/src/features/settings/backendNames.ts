import type { BackendId } from '@engine/nn/executor'

export const backendNames: Readonly<Record<BackendId, string>> = {
  'onnx-native': 'ONNX native',
  'onnx-wasm': 'ONNX WASM',
  tfjs: 'TensorFlow.js',
  reference: 'Reference (float64)',
}
