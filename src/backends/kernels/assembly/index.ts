export { adam, sgd } from './optimizer'
export { coarseDots, dots, quantize, widen } from './selection'
