import { createTopicsApi } from '../../../src/wire/generated/client/create-topics'
import { fetchApi, type FetchResponsePartitionData } from '../../../src/wire/generated/client/fetch'
import { listOffsetsApi } from '../../../src/wire/generated/client/list-offsets'
import {
  produceApi,
  type ProduceResponsePartitionProduceResponse,
} from '../../../src/wire/generated/client/produce'
import { crc32c } from '../../../src/wire/crc32c'
import { batchLayout } from '../../../src/wire/records/batch-layout'
import { encodeRecordBatch, type RecordBatchInput } from '../../../src/wire/records/encode-record-batch'
import { openRecords } from '../../../src/wire/records/open-records'
import { readRecordBatches } from '../../../src/wire/records/record-batch-reader'
import type { BrokerUnderTest } from './describe-each-broker'

/** A topic made for a test. */
export interface TestTopic {
  readonly name: string
  readonly id: string
}

/** Creates a topic and waits until its leader serves it: Kafka answers CreateTopics before its brokers have seen it. */
export async function createTopic(
  broker: BrokerUnderTest,
  options: { partitions?: number; configs?: Readonly<Record<string, string>> } = {},
): Promise<TestTopic> {
  const { partitions = 1, configs = {} } = options
  const name = broker.uniqueName('contract')
  const { topics } = await broker.raw(createTopicsApi, 7, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
  })
  const [created] = topics
  if (created?.errorCode !== 0) throw new Error(`No topic: ${created?.errorCode} ${created?.errorMessage}`)
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  while (!(await isServed(broker, name, all)));
  return { name, id: created.topicId }
}

/** True when every partition has a leader that answers for it. */
export async function isServed(
  broker: BrokerUnderTest,
  name: string,
  partitions: readonly number[],
): Promise<boolean> {
  const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp: -1n }))
  const { topics } = await broker.raw(listOffsetsApi, 5, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions: asked }],
  })
  return topics.every((topic) => topic.partitions.every(({ errorCode }) => errorCode === 0))
}

/** What a batch of a test says beside its values. */
export interface BatchOptions extends Partial<RecordBatchInput> {
  readonly values?: readonly (string | null)[]
  readonly key?: string | null
  readonly timestamp?: number
}

/** One record batch; by default of one record, without idempotence. */
export function batch(options: BatchOptions = {}): Buffer {
  const { values = ['v'], key = 'k', timestamp = Date.now(), ...rest } = options
  return encodeRecordBatch({ records: values.map((value) => ({ timestamp, key, value })), ...rest })
}

/** Changes bytes of a batch and makes its checksum right again. */
export function changed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  change(bytes)
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
  return bytes
}

/** Sends records to one partition and gives what is said of it. By id from version 13 on. */
export async function produce(
  broker: BrokerUnderTest,
  topic: TestTopic,
  records: Buffer | null,
  options: { version?: number; acks?: number; partition?: number; transactionalId?: string | null } = {},
): Promise<ProduceResponsePartitionProduceResponse> {
  const { version = 9, acks = -1, partition = 0, transactionalId = null } = options
  const { responses } = await broker.raw(produceApi, version, {
    transactionalId,
    acks,
    timeoutMs: 5_000,
    topicData: [{ ...named(topic, version, 13), partitionData: [{ index: partition, records }] }],
  })
  return only(only(responses).partitionResponses)
}

/** How one partition is fetched. */
export interface FetchOptions {
  readonly version?: number
  readonly partition?: number
  readonly offset?: bigint
  readonly isolationLevel?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
}

/** Fetches one partition without a session and gives what is said of it. By id from version 13 on. */
export async function fetch(
  broker: BrokerUnderTest,
  topic: TestTopic,
  options: FetchOptions = {},
): Promise<FetchResponsePartitionData> {
  const { version = 11, partition = 0, offset = 0n, currentLeaderEpoch = -1 } = options
  const { partitionMaxBytes = 1 << 20, lastFetchedEpoch = -1 } = options
  const wanted = { partition, fetchOffset: offset, currentLeaderEpoch, partitionMaxBytes, lastFetchedEpoch }
  const { responses, errorCode } = await broker.raw(fetchApi, version, {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 0,
    maxBytes: options.maxBytes ?? 1 << 20,
    isolationLevel: options.isolationLevel ?? 0,
    ...(version >= 7 ? { sessionId: 0, sessionEpoch: -1 } : {}),
    topics: [{ ...topicOf(topic, version, 13), partitions: [wanted] }],
  })
  if (errorCode !== 0) throw new Error(`The whole fetch was refused with ${errorCode}`)
  return only(only(responses).partitions)
}

/** Values of the records in fetched bytes, control batches left out. */
export function valuesIn(records: Buffer | null): string[] {
  const values: string[] = []
  for (const one of readRecordBatches(records ?? Buffer.alloc(0))) {
    if (one.isControl) continue
    const cursor = openRecords(one)
    while (cursor.next()) values.push(String(cursor.value()))
  }
  return values
}

/** The only element of an array. */
export function only<T>(items: readonly T[] | null | undefined): T {
  const [first] = items ?? []
  if (first === undefined || items?.length !== 1) throw new Error(`Not one item: ${items?.length}`)
  return first
}

/** A topic as requests with `name` name it: by id from a version on. */
export function named(
  topic: TestTopic,
  version: number,
  idFrom: number,
): { name: string } | { topicId: string } {
  return version >= idFrom ? { topicId: topic.id } : { name: topic.name }
}

function topicOf(topic: TestTopic, version: number, idFrom: number): { topic: string } | { topicId: string } {
  return version >= idFrom ? { topicId: topic.id } : { topic: topic.name }
}
