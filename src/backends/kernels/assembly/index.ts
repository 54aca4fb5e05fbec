export { adam, sgd } from './optimizer'
export { coarseDots, dots, widen } from './selection'
