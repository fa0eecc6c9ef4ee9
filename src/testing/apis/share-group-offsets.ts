import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'

/** A request about the offsets of a share group that was refused as a whole. */
export function refusedOffsets(error: unknown) {
  return { throttleTimeMs: 0, ...refusal(error), responses: [] }
}

/** Code and words of one topic or partition that was refused. */
export function refusal(error: unknown) {
  return { errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
}

/** For what is not there; the words are Kafka's. */
export function unknownPartition(): Error {
  return fail('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
}
