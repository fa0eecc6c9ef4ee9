import { nothing, noOffset, unthrottled, type ErrorResponses } from './error-response'

/** Produce, Fetch, what surrounds them, and transactions. */
export const dataErrors: ErrorResponses<
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'OffsetForLeaderEpoch'
  | 'DeleteRecords'
  | 'InitProducerId'
  | 'AddPartitionsToTxn'
  | 'AddOffsetsToTxn'
  | 'EndTxn'
  | 'WriteTxnMarkers'
  | 'TxnOffsetCommit'
> = {
  Produce: ({ topicData }, errorCode) => ({
    ...unthrottled,
    responses: topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: noOffset })),
    })),
  }),
  // A fetch session may leave its partitions out of the request: then the error is that of the session.
  Fetch: ({ topics }, errorCode) => ({
    ...unthrottled,
    errorCode: topics.length === 0 ? errorCode : 0,
    responses: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode,
        highWatermark: noOffset,
        abortedTransactions: null,
        records: null,
      })),
    })),
  }),
  ListOffsets: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
  OffsetForLeaderEpoch: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
    })),
  }),
  DeleteRecords: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        lowWatermark: noOffset,
        errorCode,
      })),
    })),
  }),
  InitProducerId: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    producerId: noOffset,
    producerEpoch: nothing,
  }),
  // One error for all since version 4, where brokers ask; by partition before.
  AddPartitionsToTxn: ({ v3AndBelowTopics }, errorCode, version) =>
    version >= 4
      ? { ...unthrottled, errorCode }
      : {
          ...unthrottled,
          resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
            name,
            resultsByPartition: partitions.map((partitionIndex) => ({
              partitionIndex,
              partitionErrorCode: errorCode,
            })),
          })),
        },
  AddOffsetsToTxn: (_, errorCode) => ({ ...unthrottled, errorCode }),
  EndTxn: (_, errorCode) => ({ ...unthrottled, errorCode }),
  WriteTxnMarkers: ({ markers }, errorCode) => ({
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }),
  TxnOffsetCommit: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
}
