import type { inspect } from 'node:util'

/**
 * Names the method by which an object shows itself: Node's `inspect.custom`, which is this symbol for everybody. Importing
 * it would load all of `node:util`.
 */
export const inspectCustom: typeof inspect.custom = Symbol.for(
  'nodejs.util.inspect.custom',
) as typeof inspect.custom
