import { ErrorCode, errorCodeName, errorKind, isRetriable } from '../base/error-codes'
import { BrokerError } from '../base/errors'
import { formatTopicPartition } from '../base/topic-partition'
import type {
  ShareFetchResponse,
  ShareFetchResponsePartitionData,
} from '../wire/generated/client/share-fetch'
import { AcquiredRecords, type AcquisitionOwner } from './acquired-records'
import { type SharePartition, sharePartitionKey } from './share-partition'
import { ShareRecordReader } from './share-record-reader'
import type { ShareSettings } from './share-settings'

/** Who leads partitions, as answers of both kinds tell it (KIP-951). */
interface LeaderHints {
  readonly responses: readonly {
    readonly topicId: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number }
    }[]
  }[]
  readonly nodeEndpoints: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
}

/** Broker `nodeId` acquired records for this member. */
interface Holder extends AcquisitionOwner {
  readonly nodeId: number
}

/** After so many refusals of an unknown topic in a row a warning is logged; asking goes on (F6). */
const toleratedUnknownTopics = 5

/** Files what a ShareFetch brings: acquired records to be delivered, errors to where each is cured. */
export class ShareResponseHandler {
  readonly #settings: ShareSettings

  constructor(settings: ShareSettings) {
    this.#settings = settings
  }

  /** How long locks last, as brokers say it with every answer; 0 where they do not. */
  noteLock(timeoutMs: number): void {
    if (timeoutMs > 0) this.#settings.held.lockTimeoutMs = timeoutMs
  }

  /** Leaders that an answer names are known before the errors that made the broker name them. */
  learnLeaders(response: LeaderHints, partitions: readonly SharePartition[]): void {
    if (response.nodeEndpoints.length === 0) return
    const byKey = new Map(partitions.map((partition) => [partition.key, partition]))
    for (const { topicId, partitions: answers } of response.responses) {
      for (const { partitionIndex, currentLeader } of answers) {
        const partition = byKey.get(sharePartitionKey(topicId, partitionIndex))
        const endpoint = response.nodeEndpoints.find(({ nodeId }) => nodeId === currentLeader.leaderId)
        if (partition === undefined || endpoint === undefined) continue
        const { leaderId, leaderEpoch } = currentLeader
        const { metadata } = this.#settings.cluster
        metadata.updateLeader(partition.topic, partition.partition, leaderId, leaderEpoch, endpoint)
      }
    }
  }

  file(response: ShareFetchResponse, wanted: readonly SharePartition[], holder: Holder): void {
    const byKey = new Map(wanted.map((partition) => [partition.key, partition]))
    for (const { topicId, partitions } of response.responses) {
      for (const data of partitions) {
        const partition = byKey.get(sharePartitionKey(topicId, data.partitionIndex))
        if (partition === undefined) continue
        if (data.errorCode === ErrorCode.NONE) this.#file(partition, data, holder)
        else {
          this.#handleError(partition, data.errorCode)
          byKey.delete(partition.key)
        }
      }
    }
    // A session says nothing of partitions that have nothing new.
    for (const partition of byKey.values()) partition.accept()
  }

  #file(partition: SharePartition, data: ShareFetchResponsePartitionData, holder: Holder): void {
    if (data.acquiredRecords.length === 0 || this.#isLedElsewhere(partition, holder.nodeId)) return
    const { held, memory, checkCrcs, isExplicit, cluster, onReady, onRecords } = this.#settings
    held.supersede(partition.key, data.acquiredRecords)
    const { nodeId } = holder
    const source = { partition, nodeId, lockedUntil: held.lockedUntil(), owner: holder }
    const records = new AcquiredRecords(data.acquiredRecords, source)
    held.add(records)
    const rules = { isExplicit }
    onRecords(
      new ShareRecordReader(records, data.records, {
        memory,
        logger: cluster.logger,
        checkCrcs,
        codecs: cluster.codecs,
        rules,
        onReady,
      }),
    )
  }

  /** While the answer was on its way another broker became the leader: it knows of no locks (S3), and gives them anew. */
  #isLedElsewhere({ topic, topicId, partition }: SharePartition, nodeId: number): boolean {
    const { metadata } = this.#settings.cluster
    if (metadata.topic(topic)?.topicId !== topicId) return false
    const leaderId = metadata.partition(topic, partition)?.leaderId ?? -1
    return leaderId >= 0 && leaderId !== nodeId
  }

  #handleError(partition: SharePartition, errorCode: number): void {
    const { cluster } = this.#settings
    const { metadata, logger, clock } = cluster
    const details = { partition: formatTopicPartition(partition), error: errorCodeName(errorCode) }
    const { topic, partition: index } = partition
    const error = new BrokerError(errorCode, 'The share fetch was refused', { topic, partition: index })
    const isPassing = isRetriable(errorCode) || errorCode === ErrorCode.UNKNOWN_SERVER_ERROR
    partition.refuse(error, !isPassing, clock.now())
    partition.retryAt = clock.now() + cluster.backoffMs(partition.failures)
    if (isPassing) {
      const isUnknown =
        errorCode === ErrorCode.UNKNOWN_TOPIC_ID || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      if (isUnknown && partition.failures === toleratedUnknownTopics) {
        logger.warn('The topic of an assigned partition is unknown to its broker; was it deleted?', details)
      } else logger.debug('A partition was refused and is asked for again', details)
      if (errorKind(errorCode) === 'refreshMetadata')
        metadata.requestRefresh(`ShareFetch: ${details.error} for ${details.partition}`)
      return
    }
    this.#settings.onFailed(error)
  }
}
