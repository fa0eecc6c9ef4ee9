import type { CompressionTypes } from '../enums'
import type { PartitionMetadata } from './metadata'

export interface IHeaders {
  [key: string]: Buffer | string | (Buffer | string)[] | undefined
}

/** A message to send. */
export interface Message {
  key?: Buffer | string | null
  /** Null for a tombstone. */
  value: Buffer | string | null
  partition?: number
  headers?: IHeaders
  /** Milliseconds since 1970, as decimal text. */
  timestamp?: string
}

export interface TopicMessages {
  topic: string
  messages: Message[]
}

/** What `send` takes. */
export interface ProducerRecord {
  topic: string
  messages: Message[]
  /** -1 for all in-sync replicas, 1 for the leader, 0 for no answer. Default: -1. */
  acks?: number
  /** Milliseconds that the broker waits for replicas. Default: 30,000. */
  timeout?: number
  /** Default: `CompressionTypes.None`. */
  compression?: CompressionTypes
}

/** What `sendBatch` takes. */
export interface ProducerBatch {
  acks?: number
  timeout?: number
  compression?: CompressionTypes
  topicMessages?: TopicMessages[]
}

/** Where the messages of one partition were stored. */
export type RecordMetadata = {
  topicName: string
  partition: number
  errorCode: number
  offset?: string
  timestamp?: string
  baseOffset?: string
  logAppendTime?: string
  logStartOffset?: string
}

/** What a partitioner gets. */
export interface PartitionerArgs {
  topic: string
  partitionMetadata: PartitionMetadata[]
  message: Message
}

/** Makes a partitioner; called once a producer, its result once a message. */
export type ICustomPartitioner = () => (args: PartitionerArgs) => number
export type DefaultPartitioner = ICustomPartitioner
export type LegacyPartitioner = ICustomPartitioner

/** A message of the oldest formats, which have no headers. */
export interface MessageSetEntry {
  key: Buffer | null
  value: Buffer | null
  timestamp: string
  attributes: number
  offset: string
  size: number
  headers?: never
}

export interface RecordBatchEntry {
  key: Buffer | null
  value: Buffer | null
  timestamp: string
  attributes: number
  offset: string
  headers: IHeaders
  size?: never
}

/** A message that was read. */
export type KafkaMessage = MessageSetEntry | RecordBatchEntry
