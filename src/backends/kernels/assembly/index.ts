export { adam, sgd } from './optimizer'
export { dots, widen } from './selection'
