import { forwardAll, type Layer, type Planners, plain } from './layer'
import { sameShape, showShape } from '../../graph/shapes'

export const block: Planners<'residual'> = {
  // x + f(x), He et al. 2016; the shortcut brings x to the shape of f(x)
  residual: ({ layers: specs, shortcut: shortcutSpecs = [] }, { name, shape, inner, refuse }) => {
    const layers = inner(`${name}.layers`, specs)
    const shortcut = inner(`${name}.shortcut`, shortcutSpecs)
    const end = (list: readonly Layer[]) => list.at(-1)?.outputShape ?? shape
    if (!sameShape(end(layers), end(shortcut)))
      throw refuse(`a shortcut that makes what its layers make, ${showShape(end(layers))} and not ${showShape(end(shortcut))}`)
    if ([...layers, ...shortcut].some(({ keep }) => keep < 1)) throw refuse('dropout outside, not within')
    const parameters = layers.flatMap((layer) => layer.parameters)
    return {
      ...plain(end(layers), (g, x, own, pass) =>
        g.add(
          forwardAll(layers, g, x, own.slice(0, parameters.length), pass),
          forwardAll(shortcut, g, x, own.slice(parameters.length), pass),
        ),
      ),
      parameters: [...parameters, ...shortcut.flatMap((layer) => layer.parameters)],
      operations: [...layers, ...shortcut].reduce((sum, { operations }) => sum + operations, 0),
    }
  },
}
