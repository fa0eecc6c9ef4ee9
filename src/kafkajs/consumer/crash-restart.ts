import type { RetrySettings } from '../client/retry'
import { isMissing } from '../is-missing'

/**
 * Whether a consumer that ended by this error starts again: the error may pass, and the program has nothing against it.
 * @param log gets what the program's `restartOnFailure` failed with
 */
export async function shouldRestart(
  error: Error,
  { restartOnFailure }: RetrySettings,
  log: (message: string, details: { error: string; cause: string }) => void,
): Promise<boolean> {
  const mayPass = error.name === 'KafkaJSNumberOfRetriesExceeded' || deepestCause(error).retriable === true
  if (!mayPass || isMissing(restartOnFailure)) return mayPass
  try {
    return await restartOnFailure(error)
  } catch (failure) {
    log('Caught error when invoking user-provided "restartOnFailure" callback. Defaulting to restarting.', {
      error: (failure as Error | undefined)?.message ?? String(failure),
      cause: error.message,
    })
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
