import type { PrimitiveName } from './ir'
import * as convolution from './primitives/convolution'
import * as elementwise from './primitives/elementwise'
import * as layout from './primitives/layout'
import * as pooling from './primitives/pooling'
import type { Primitive } from './primitives/primitive'
import * as product from './primitives/product'
import * as reduction from './primitives/reduction'
import * as table from './primitives/table'

/** Shape and derivative rule of every primitive. */
export const primitives: { readonly [P in PrimitiveName]: Primitive<P> } = {
  ...elementwise,
  ...product,
  ...reduction,
  ...layout,
  ...convolution,
  ...pooling,
  ...table,
}
