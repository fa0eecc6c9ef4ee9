import { fetchHandler } from '../../../../src/testing/apis/fetch'
import type { ApiHandler } from '../../../../src/testing/contracts/api-handler'
import {
  fetchApi,
  type FetchRequest,
  type FetchRequestPartition,
  type FetchResponse,
  type FetchResponsePartitionData,
} from '../../../../src/wire/generated/client/fetch'
import { openRecords } from '../../../../src/wire/records/open-records'
import { readRecordBatches } from '../../../../src/wire/records/record-batch-reader'
import type { ReplicationCluster } from './replication-cluster'

/** What a test asks for; the rest is what a consumer would send. */
export interface Wanted extends Partial<Omit<FetchRequestPartition, 'partition' | 'fetchOffset'>> {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: bigint
}

/** How it is asked. */
export interface FetchOptions extends Partial<Omit<FetchRequest, 'topics' | 'forgottenTopicsData'>> {
  readonly version?: number
  readonly brokerId?: number
  readonly signal?: AbortSignal
  readonly forget?: readonly { readonly topic: string; readonly partition: number }[]
}

/** A partition of a response with its records read. */
export interface Fetched extends FetchResponsePartitionData {
  readonly values: string[]
}

/** Fetches as a consumer does, through the real codecs. */
export class Fetcher {
  readonly #cluster: ReplicationCluster
  readonly #handlers: readonly ApiHandler[]

  constructor(cluster: ReplicationCluster) {
    this.#cluster = cluster
    this.#handlers = [fetchHandler(cluster)]
  }

  /** The whole response; undefined when none was sent. */
  async fetch(wanted: readonly Wanted[], options: FetchOptions = {}): Promise<FetchResponse | undefined> {
    const { version = fetchApi.maxVersion, brokerId = 1, signal, forget = [], ...fields } = options
    const request: FetchRequest = {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 50 * 1024 * 1024,
      ...fields,
      topics: wanted.map(({ topic = 'orders', partition = 0, offset = 0n, ...more }) => ({
        ...this.#nameOf(topic, version),
        partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1024 * 1024, ...more }],
      })),
      ...(version >= 7 && {
        forgottenTopicsData: forget.map(({ topic, partition }) => ({
          ...this.#nameOf(topic, version),
          partitions: [partition],
        })),
      }),
    }
    return this.#cluster.send(fetchApi, this.#handlers, request, {
      version,
      brokerId,
      ...(signal !== undefined && { signal }),
    })
  }

  /** The partitions of the response, in their order. */
  async partitions(wanted: readonly Wanted[], options: FetchOptions = {}): Promise<Fetched[]> {
    return partitionsOf(await this.fetch(wanted, options))
  }

  /** The only partition of the response. */
  async one(wanted: Wanted = {}, options: FetchOptions = {}): Promise<Fetched> {
    const partitions = await this.partitions([wanted], options)
    if (partitions.length !== 1) throw new Error(`There are ${partitions.length} partitions in the response`)
    return partitions[0] as Fetched
  }

  #nameOf(topic: string, version: number): { topic?: string; topicId?: string } {
    if (version < 13) return { topic }
    return { topicId: this.#cluster.topics.byName(topic)?.id ?? topic }
  }
}

/** The partitions of a response, in their order, with their records read. */
export function partitionsOf(response: FetchResponse | undefined): Fetched[] {
  if (response === undefined) throw new Error('There was no response')
  return response.responses.flatMap(({ partitions }) =>
    partitions.map((partition) => ({ ...partition, values: valuesOf(partition.records) })),
  )
}

function valuesOf(records: Uint8Array | null): string[] {
  const values: string[] = []
  for (const batch of readRecordBatches(Buffer.from(records ?? []))) {
    if (batch.isControl) continue
    const cursor = openRecords(batch)
    while (cursor.next()) values.push(cursor.value()?.toString() ?? 'null')
  }
  return values
}
