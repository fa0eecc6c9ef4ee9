import type { HeadersInput, OutgoingMessage, PartitionMetadata as CorePartition, RawInput } from '../../index'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { IHeaders, Message, PartitionerArgs } from '../types/message'
import type { PartitionMetadata } from '../types/metadata'

/** A message with its partition, as our own producer takes it. */
export type PlacedMessage = OutgoingMessage<RawInput, RawInput> & {
  readonly partition: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

/** Chooses partitions; asked once for each message, also for those that name one. */
export type PartitionChooser = (args: PartitionerArgs) => number

/** Partitions as KafkaJS describes them. */
export function describePartitions(partitions: readonly CorePartition[]): PartitionMetadata[] {
  return partitions.map(({ partition, leaderId, replicas, isr, offlineReplicas, errorCode }) => ({
    partitionErrorCode: errorCode,
    partitionId: partition,
    leader: leaderId,
    replicas: [...replicas],
    isr: [...isr],
    offlineReplicas: [...offlineReplicas],
  }))
}

/**
 * Gives each message its partition; the messages given are not changed.
 * @throws KafkaJSNonRetriableError when a message can't be sent. What the partitioner throws is passed on.
 */
export function placeMessages(
  topic: string,
  messages: readonly Message[],
  partitionMetadata: PartitionMetadata[],
  choose: PartitionChooser,
): PlacedMessage[] {
  const now = Date.now()
  return messages.map((message) => {
    const { key = null, value, headers, timestamp } = message
    const partition = choose({ topic, partitionMetadata, message })
    // One that is not known yet may have been added a moment ago: our own producer looks for it.
    if (!Number.isInteger(partition) || partition < 0) {
      throw new KafkaJSNonRetriableError(`Invalid partition ${String(partition)} for topic "${topic}"`)
    }
    return {
      key,
      value,
      partition,
      headers: headers === undefined || headers === null ? undefined : headersOf(headers),
      timestamp: timestamp ? timestampOf(topic, timestamp) : now,
    }
  })
}

function headersOf(headers: IHeaders): HeadersInput {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? null]))
}

function timestampOf(topic: string, timestamp: string): number {
  const ms = Number(timestamp)
  if (Number.isSafeInteger(ms)) return ms
  throw new KafkaJSNonRetriableError(`Invalid timestamp "${timestamp}" of a message for topic "${topic}"`)
}
