import type { TestCluster } from '../../../src/testing'

/** As brokers write that they name no leader. */
export const noLeader = { leaderId: 0, leaderEpoch: 0 }

/**
 * Has the broker answer the acknowledgements of a ShareAcknowledge with an error, and do nothing of what they say.
 * @param codeOf the error for the client of that id; undefined leaves the request to the broker
 * @returns what ends it
 */
export function refuseAcknowledgements(
  broker: TestCluster,
  codeOf: (clientId: string | null) => number | undefined,
): () => void {
  return broker.on('ShareAcknowledge', async (request, exchange) => {
    const errorCode = codeOf(exchange.clientId)
    if (errorCode === undefined) return undefined
    const answer = await exchange.proceed({ ...request, topics: [] })
    const responses = request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode,
        errorMessage: null,
        currentLeader: noLeader,
      })),
    }))
    return answer && { ...answer, responses }
  })
}
