import type { Logger } from './logger'

/**
 * Tells a user's listener of an event. What it throws is logged: it must not reach the middle of the client's work, in
 * which events happen. The same goes for what a listener made of an async function rejects with.
 * @param name what the log calls the event
 */
export function tellListener<Event>(
  logger: Logger,
  name: string,
  listener: (event: Event) => unknown,
  event: Event,
): void {
  const onFailed = (error: unknown) => {
    const { message } = (error ?? {}) as Partial<Error>
    logger.error(`The listener for the event ${name} failed: ${message ?? String(error)}`, { error })
  }
  try {
    const result = listener(event)
    if (result instanceof Promise) result.catch(onFailed)
  } catch (error) {
    onFailed(error)
  }
}
