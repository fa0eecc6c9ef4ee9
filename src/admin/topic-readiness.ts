import { AbortedError } from '../base/errors'
import { metadataApi, type MetadataResponse } from '../wire/generated/client/metadata'
import { attempt, requestTimeoutMs, type AdminCall } from './admin-call'

/** Milliseconds between two looks; new topics take tens of milliseconds to reach all brokers. */
const pollMs = 25
const longestPollMs = 500
/** A broker that hangs is not waited for longer: it must not hold up topics that the others know. */
const lookTimeoutMs = 3000

/**
 * Waits until every broker that answers knows these topics and a leader of each of their partitions, at most until
 * the call's deadline. Brokers learn of a new topic one after another: whoever asks one that has not yet heard is told
 * UNKNOWN_TOPIC_OR_PARTITION. A wait that ends without success is no failure, the topics are there: it is logged.
 */
export async function waitUntilReady(call: AdminCall, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const { cluster, deadline } = call
  let waiting = cluster.metadata.brokers().map(({ nodeId }) => nodeId)
  for (let wait = pollMs; ; wait = Math.min(wait * 2, longestPollMs)) {
    const ready = await Promise.all(waiting.map((nodeId) => isReady(call, nodeId, names)))
    waiting = waiting.filter((_, index) => !ready[index])
    if (waiting.length === 0) return cluster.metadata.requestRefresh('topics were created')
    if (deadline.remainingMs() <= wait) break
    await deadline.sleep(wait)
  }
  cluster.logger.warn('New topics are not known to all brokers yet', { topics: names, brokers: waiting })
}

/** A broker that can't be asked is not waited for: it will hear of the topics before it serves again. */
async function isReady(call: AdminCall, nodeId: number, names: readonly string[]): Promise<boolean> {
  try {
    const body = { topics: names.map((name) => ({ name })), allowAutoTopicCreation: false }
    const timeoutMs = Math.min(lookTimeoutMs, requestTimeoutMs(call))
    const response = await attempt(call, nodeId, metadataApi, body, { timeoutMs })
    return hasLeaders(response, names)
  } catch (error) {
    if (error instanceof AbortedError) throw error
    return true
  }
}

function hasLeaders(response: MetadataResponse, names: readonly string[]): boolean {
  const ready = response.topics.filter(
    ({ errorCode, partitions }) =>
      errorCode === 0 && partitions.length > 0 && partitions.every(({ leaderId }) => leaderId >= 0),
  )
  return ready.length === names.length
}
