import { AbortedError } from '../base/errors'
import { metadataApi, type MetadataResponse } from '../wire/generated/client/metadata'
import { attempt, requestTimeoutMs, type AdminCall } from './admin-call'

/** Milliseconds between two looks; what is new takes tens of milliseconds to reach all brokers. */
const pollMs = 25
const longestPollMs = 500
/** A broker that hangs is not waited for longer: it must not hold up topics that the others know. */
const lookTimeoutMs = 3000

/** A topic, and how many partitions it has at least. */
export interface ExpectedTopic {
  readonly name: string
  readonly partitions: number
}

/**
 * Waits until every broker that answers knows these topics, with as many partitions, and a leader of each of them, at
 * most until the call's deadline. Brokers learn of topics and partitions one after another: whoever asks one that has
 * not yet heard is told UNKNOWN_TOPIC_OR_PARTITION, or sees fewer partitions. A wait that ends without success is no
 * failure, they are there: it is logged.
 */
export async function waitUntilReady(call: AdminCall, topics: readonly ExpectedTopic[]): Promise<void> {
  if (topics.length === 0) return
  const { cluster, deadline } = call
  let waiting = cluster.metadata.brokers().map(({ nodeId }) => nodeId)
  for (let wait = pollMs; ; wait = Math.min(wait * 2, longestPollMs)) {
    const ready = await Promise.all(waiting.map((nodeId) => isReady(call, nodeId, topics)))
    waiting = waiting.filter((_, index) => !ready[index])
    if (waiting.length === 0) return cluster.metadata.requestRefresh('topics or partitions were created')
    if (deadline.remainingMs() <= wait) break
    await deadline.sleep(wait)
  }
  cluster.logger.warn('New topics or partitions are not known to all brokers yet', {
    topics: topics.map(({ name }) => name),
    brokers: waiting,
  })
}

/** A broker that can't be asked is not waited for: it will hear of the topics before it serves again. */
async function isReady(call: AdminCall, nodeId: number, topics: readonly ExpectedTopic[]): Promise<boolean> {
  try {
    const body = { topics: topics.map(({ name }) => ({ name })), allowAutoTopicCreation: false }
    const timeoutMs = Math.min(lookTimeoutMs, requestTimeoutMs(call))
    const response = await attempt(call, nodeId, metadataApi, body, { timeoutMs })
    return hasLeaders(response, topics)
  } catch (error) {
    if (error instanceof AbortedError) throw error
    return true
  }
}

function hasLeaders(response: MetadataResponse, topics: readonly ExpectedTopic[]): boolean {
  const known = new Map(response.topics.map((topic) => [topic.name, topic]))
  return topics.every(({ name, partitions }) => {
    const topic = known.get(name)
    if (topic === undefined || topic.errorCode !== 0 || topic.partitions.length < partitions) return false
    return topic.partitions.every(({ leaderId }) => leaderId >= 0)
  })
}
