export * from './learningCurves'
export * from './palette'
export * from './venues'
