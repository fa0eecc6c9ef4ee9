/**
 * Everything in which the in-process broker is known to answer otherwise than the Kafka it looks like. A suite asks
 * for an entry with `broker.expected(id, whatKafkaDoes)`; it fails when the difference is not seen any more, and
 * `differences.test.ts` fails when no suite asks for an entry.
 */
export const differences = {
  'versions-before-kafka-4': {
    versions: ['3.7'],
    inProcess: [
      'AlterReplicaLogDirs 1-2',
      'CreateAcls 1-3',
      'CreateDelegationToken 1-3',
      'CreateTopics 2-7',
      'DeleteAcls 1-3',
      'DeleteTopics 1-6',
      'DescribeAcls 1-3',
      'DescribeConfigs 1-4',
      'DescribeDelegationToken 1-3',
      'DescribeLogDirs 1-4',
      'ExpireDelegationToken 1-2',
      'Fetch 4-16',
      'ListOffsets 1-8',
      'OffsetCommit 2-9',
      'OffsetFetch 1-9',
      'OffsetForLeaderEpoch 2-4',
      'Produce 3-10',
      'RenewDelegationToken 1-2',
      'WriteTxnMarkers 1-1',
    ],
    reason:
      'Versions that Kafka 4.0 removed (KIP-896) have no codecs here; clients of the last years do not use them',
  },
  'topic-configs-before-kafka-4': {
    versions: ['3.7'],
    inProcess: [
      'compression.gzip.level',
      'compression.lz4.level',
      'compression.zstd.level',
      'remote.log.copy.disable',
      'remote.log.delete.on.disable',
    ],
    reason:
      'Every release has the topic configs of Kafka 4.3: deprecated ones that 4.0 removed are not kept for an older look',
  },
  'max-timestamp-before-3.8': {
    versions: ['3.7'],
    inProcess: 2n,
    reason:
      'Kafka 3.7 gives the last offset of the batch that has the highest timestamp; the record itself is what was meant',
  },
  'streams-groups': {
    versions: ['4.3'],
    inProcess: ['StreamsGroupDescribe not served', 'StreamsGroupHeartbeat not served'],
    reason: 'Groups of Kafka Streams (KIP-1071) serve one Java library, which has its own test driver',
  },
} satisfies Record<string, Difference>

/** One thing that differs, and why it may. */
export interface Difference {
  /** Which of the two in-process brokers it holds for. */
  readonly versions: readonly ('3.7' | '4.3')[]
  /** What the in-process broker does instead, as the suite compares it. */
  readonly inProcess: unknown
  readonly reason: string
}

/** Names one entry of {@link differences}. */
export type DifferenceId = keyof typeof differences
