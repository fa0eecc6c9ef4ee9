import type { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import { TimeoutError } from '../../base/errors'
import type { Cluster, RequestTarget } from '../../cluster/cluster'
import type { ClientApi } from '../../wire/api'

/** One request to a coordinator, as the transaction manager makes them. */
export interface CoordinatorCall<Request, Response> {
  readonly target: RequestTarget
  readonly api: ClientApi<Request, Response>
  readonly body: Request
  readonly errorCodeOf: (response: Response) => number
  readonly minVersion?: number
  readonly maxVersion?: number
}

/** The pause grows with the time that the previous transaction takes to end (X2). */
const pauses = [
  { fromMs: 0, pauseMs: 20 },
  { fromMs: 200, pauseMs: 200 },
  { fromMs: 2000, pauseMs: 500 },
  { fromMs: 5000, pauseMs: 1000 },
]

/**
 * Asks a coordinator, wherever it moves, until it has an answer other than that the previous transaction is still being
 * ended (CONCURRENT_TRANSACTIONS): that one passes in milliseconds, so that the usual pause would be too long.
 * @throws BrokerError for all other codes that can't be retried, TimeoutError at the deadline
 */
export async function callCoordinator<Request, Response>(
  cluster: Cluster,
  call: CoordinatorCall<Request, Response>,
  deadline: Deadline,
): Promise<Response> {
  const startedAt = cluster.clock.now()
  for (;;) {
    const response = await cluster.request(call.target, call.api, call.body, {
      deadline,
      errorOf: (answer) => {
        const errorCode = call.errorCodeOf(answer)
        const passes = errorCode === ErrorCode.NONE || errorCode === ErrorCode.CONCURRENT_TRANSACTIONS
        return passes ? undefined : { errorCode }
      },
      minVersion: call.minVersion,
      maxVersion: call.maxVersion,
    })
    if (call.errorCodeOf(response) !== ErrorCode.CONCURRENT_TRANSACTIONS) return response
    if (deadline.expired) {
      throw new TimeoutError(
        'CONCURRENT_TRANSACTIONS',
        `${call.api.name}: the previous transaction was still being ended when the time was over`,
        { api: call.api.name, maybeWritten: true },
      )
    }
    await deadline.sleep(pauseAfter(cluster.clock.now() - startedAt))
  }
}

function pauseAfter(elapsedMs: number): number {
  return pauses.findLast((step) => elapsedMs >= step.fromMs)?.pauseMs ?? 20
}
