import type { Deadline } from '../base/deadline'
import { ErrorCode, isRetriable } from '../base/error-codes'
import { isKafkaError } from '../base/errors'
import type { GroupRequests } from './group-requests'

/** Leaving is a courtesy: without it the group goes on after the session timeout. */
const attempts = 3

/**
 * Leaves by a request of whatever protocol. Never rejects; what fails is logged.
 * @param send one attempt; answers the error code
 */
export async function leaveBy(
  requests: GroupRequests,
  deadline: Deadline,
  send: () => Promise<number>,
): Promise<void> {
  const { cluster } = requests
  try {
    for (let failures = 1; ; failures++) {
      const errorCode = await tryToLeave(send, deadline)
      if (errorCode === ErrorCode.NONE) return
      if (!isRetriable(errorCode) || failures === attempts || deadline.expired) {
        cluster.logger.info('The coordinator did not take the member out of the group', {
          groupId: requests.groupId,
          errorCode,
        })
        return
      }
      await deadline.sleep(cluster.backoffMs(failures))
    }
  } catch (error) {
    cluster.logger.info('Leaving the group failed', { groupId: requests.groupId, error })
  }
}

/** The error code of the answer; a retriable failure to get one counts as one to try again. */
async function tryToLeave(send: () => Promise<number>, deadline: Deadline): Promise<number> {
  try {
    return await send()
  } catch (error) {
    deadline.throwIfAborted()
    if (isKafkaError(error) && error.retriable && !deadline.expired)
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    throw error
  }
}
