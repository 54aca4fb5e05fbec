import { createAnalysis, type ToAnalysis } from './analysis'

const receive = createAnalysis((message) => self.postMessage(message))
self.addEventListener('message', ({ data }: MessageEvent<ToAnalysis>) => receive(data))
