/** True for what a handler gives back when it is not done yet. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** A promise of the package's own making for thenables whose `then` cannot be trusted not to throw. */
export function asPromise(result: PromiseLike<unknown>): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result)
}
