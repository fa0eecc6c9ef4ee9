import type { RetrySettings } from '../client/retry'

/** Whether a consumer that ended by this error starts again: the error may pass, and the program has nothing against it. */
export async function shouldRestart(error: Error, { restartOnFailure }: RetrySettings): Promise<boolean> {
  const mayPass = error.name === 'KafkaJSNumberOfRetriesExceeded' || deepestCause(error).retriable === true
  if (!mayPass || restartOnFailure === undefined) return mayPass
  try {
    return await restartOnFailure(error)
  } catch {
    return true
  }
}

function deepestCause(error: Error): { readonly retriable?: boolean } {
  let deepest: unknown = error
  while ((deepest as Error).cause !== undefined) deepest = (deepest as Error).cause
  return deepest as { retriable?: boolean }
}

/** Milliseconds until it starts again. */
export function restartDelayMs(error: Error, { initialRetryTime }: RetrySettings): number {
  return (error as { retryTime?: number }).retryTime || initialRetryTime
}
