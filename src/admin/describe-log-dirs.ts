import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import type { KafkaError } from '../base/errors'
import { partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import { describeLogDirsApi, type DescribeLogDirsResponse } from '../wire/generated/client/describe-log-dirs'
import { attempt, type AdminCall } from './admin-call'
import { askAllBrokers } from './all-brokers'
import { nodeIdSchema, topicPartitionSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import type { ItemResult, Outcome } from './item-result'
import { brokerError } from './shards'

/** A replica in a directory. */
export interface LogDirReplica extends TopicPartition {
  readonly sizeBytes: bigint
  /** Messages it is behind: the high watermark for a replica in use, the replica in use for one that is moved here. */
  readonly offsetLag: bigint
  /** True for a copy that is being made, to take the place of the one in another directory. */
  readonly isFuture: boolean
}

/** One directory of a broker. */
export interface LogDir {
  readonly path: string
  /** Why it can't be used, such as KAFKA_STORAGE_ERROR; null when it can. */
  readonly failure: KafkaError | null
  /** Of the volume it is on; null before Kafka 3.3. */
  readonly totalBytes: bigint | null
  /** Of the volume it is on; null before Kafka 3.3. */
  readonly usableBytes: bigint | null
  /** True when no new replicas are put there (`cordoned.log.dirs`, KIP-1066); false before Kafka 4.3. */
  readonly isCordoned: boolean
  readonly replicas: readonly LogDirReplica[]
}

/** The directories of one broker. */
export interface BrokerLogDirs {
  readonly nodeId: number
  readonly logDirs: readonly LogDir[]
}

export interface DescribeLogDirsOptions extends AdminCallOptions {
  /** Node ids of the brokers to ask. Default: all brokers. */
  readonly nodeIds?: readonly number[]
  /** Only replicas of these partitions. Default: all. */
  readonly partitions?: readonly TopicPartition[]
}

/** The options of `describeLogDirs` as they are checked. */
export const describeLogDirsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    nodeIds: z.optional(z.array(nodeIdSchema).check(z.minLength(1))),
    partitions: z.optional(z.array(topicPartitionSchema)),
  }),
)

type Options = z.output<typeof describeLogDirsOptions>
type LogDirs = Pick<BrokerLogDirs, 'logDirs'>
type DirAnswer = DescribeLogDirsResponse['results'][number]

/** Kafka: `Admin.describeLogDirs` (KIP-113), API DescribeLogDirs, to each broker. */
export function describeLogDirs(
  call: AdminCall,
  options: Options,
): Promise<ItemResult<BrokerLogDirs, 'nodeId'>[]> {
  return askAllBrokers(call, (nodeId) => send(call, nodeId, options), options.nodeIds)
}

async function send(call: AdminCall, nodeId: number, { partitions }: Options): Promise<Outcome<LogDirs>> {
  const topics =
    partitions === undefined
      ? null
      : [...partitionsByTopic(partitions)].map(([topic, numbers]) => ({ topic, partitions: numbers }))
  const response = await attempt(call, nodeId, describeLogDirsApi, { topics })
  const context = { api: describeLogDirsApi.name, nodeId }
  // Before version 3 a client that may not know answers with no directories.
  if (response.errorCode !== ErrorCode.NONE) {
    return { error: brokerError(response, 'The log directories could not be described', context) }
  }
  return { value: { logDirs: response.results.map((answer) => logDir(answer, nodeId)) } }
}

function logDir(answer: DirAnswer, nodeId: number): LogDir {
  const { errorCode, logDir: path, totalBytes, usableBytes, isCordoned, topics } = answer
  const context = { api: describeLogDirsApi.name, nodeId }
  const failure =
    errorCode === ErrorCode.NONE
      ? null
      : brokerError({ errorCode }, `Directory ${path} can not be used`, context)
  return {
    path,
    failure,
    totalBytes: totalBytes < 0n ? null : totalBytes,
    usableBytes: usableBytes < 0n ? null : usableBytes,
    isCordoned,
    replicas: topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
        topic,
        partition: partitionIndex,
        sizeBytes: partitionSize,
        offsetLag,
        isFuture: isFutureKey,
      })),
    ),
  }
}
