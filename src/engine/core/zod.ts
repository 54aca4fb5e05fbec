import { z } from 'zod'

// Compiled validators need `new Function`, which a strict Content-Security-Policy forbids and reports even when the throw is
// caught. The switch is read when an object schema is made, so every schema must get `z` from here.
z.config({ jitless: true })

export { z }
