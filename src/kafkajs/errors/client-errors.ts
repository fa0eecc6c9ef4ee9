import type { PartitionMetadata } from '../partition-metadata'
import type {
  KafkaJSConnectionErrorMetadata,
  KafkaJSDeleteGroupsErrorGroups,
  KafkaJSDeleteTopicRecordsErrorPartition,
  KafkaJSDeleteTopicRecordsErrorTopic,
  KafkaJSErrorMetadata,
  KafkaJSRequestTimeoutErrorMetadata,
  KafkaJSStaleTopicMetadataAssignmentMetadata,
  KafkaJSTopicMetadataNotLoadedMetadata,
} from './error-metadata'
import { type ErrorInput, KafkaJSError } from './kafkajs-error'
import type { KafkaJSProtocolError } from './protocol-errors'
import { isMissing } from '../is-missing'

/** How the deletion of a group ended; `error` only where it failed. */
export type DeleteGroupsResult = {
  groupId: string
  errorCode?: number
  error?: KafkaJSProtocolError
}

export class KafkaJSConnectionError extends KafkaJSError {
  override readonly name: string = 'KafkaJSConnectionError'
  readonly broker: string
  /** Node's code, such as `ECONNREFUSED`. */
  readonly code?: string

  constructor(e: ErrorInput, { broker, code }: KafkaJSConnectionErrorMetadata = {}) {
    super(e)
    this.broker = broker as string
    this.code = code
  }
}

export class KafkaJSConnectionClosedError extends KafkaJSConnectionError {
  override readonly name: string = 'KafkaJSConnectionClosedError'
  readonly host?: string
  readonly port?: number

  constructor(e: ErrorInput, { host, port }: { host?: string; port?: number } = {}) {
    super(e, { broker: `${host}:${port}` })
    this.host = host
    this.port = port
  }
}

export class KafkaJSRequestTimeoutError extends KafkaJSError {
  override readonly name: string = 'KafkaJSRequestTimeoutError'
  readonly broker: string
  readonly correlationId: number
  readonly createdAt: number
  readonly sentAt: number
  readonly pendingDuration: number

  constructor(e: ErrorInput, metadata?: Partial<KafkaJSRequestTimeoutErrorMetadata>) {
    super(e)
    this.broker = metadata?.broker as string
    this.correlationId = metadata?.correlationId as number
    this.createdAt = metadata?.createdAt as number
    this.sentAt = metadata?.sentAt as number
    this.pendingDuration = metadata?.pendingDuration as number
  }
}

export class KafkaJSMetadataNotLoaded extends KafkaJSError {
  override readonly name: string = 'KafkaJSMetadataNotLoaded'

  constructor(e: ErrorInput = '', metadata?: KafkaJSErrorMetadata) {
    super(e, metadata)
  }
}

export class KafkaJSTopicMetadataNotLoaded extends KafkaJSMetadataNotLoaded {
  override readonly name: string = 'KafkaJSTopicMetadataNotLoaded'
  readonly topic: string

  constructor(e: ErrorInput, metadata?: KafkaJSTopicMetadataNotLoadedMetadata) {
    super(e)
    this.topic = metadata?.topic as string
  }
}

export class KafkaJSStaleTopicMetadataAssignment extends KafkaJSError {
  override readonly name: string = 'KafkaJSStaleTopicMetadataAssignment'
  readonly topic: string
  /** Typed as a number by KafkaJS; at run time the partitions. */
  readonly unknownPartitions: number

  constructor(e: ErrorInput, metadata?: KafkaJSStaleTopicMetadataAssignmentMetadata) {
    super(e)
    this.topic = metadata?.topic as string
    this.unknownPartitions = metadata?.unknownPartitions as PartitionMetadata[] & number
  }
}

export class KafkaJSBrokerNotFound extends KafkaJSError {
  override readonly name: string = 'KafkaJSBrokerNotFound'

  constructor(e: ErrorInput = '', metadata?: KafkaJSErrorMetadata) {
    super(e, metadata)
  }
}

export class KafkaJSNoBrokerAvailableError extends KafkaJSError {
  override readonly name: string = 'KafkaJSNoBrokerAvailableError'

  constructor() {
    super('No broker available')
  }
}

/** Some groups were not deleted; `groups` has those. */
export class KafkaJSDeleteGroupsError extends KafkaJSError {
  override readonly name: string = 'KafkaJSDeleteGroupsError'
  readonly groups: DeleteGroupsResult[]

  constructor(e: ErrorInput, groups: KafkaJSDeleteGroupsErrorGroups[] | DeleteGroupsResult[] = []) {
    super(e)
    this.groups = groups as DeleteGroupsResult[]
  }
}

/** Records of some partitions were not deleted; it may be tried again when that is true of each of them. */
export class KafkaJSDeleteTopicRecordsError extends KafkaJSError {
  override readonly name: string = 'KafkaJSDeleteTopicRecordsError'
  readonly partitions?: KafkaJSDeleteTopicRecordsErrorPartition[]

  constructor({ partitions }: KafkaJSDeleteTopicRecordsErrorTopic) {
    const failures = partitions.filter(({ error }) => !isMissing(error))
    super('Error while deleting records', { retriable: failures.every(({ error }) => error.retriable) })
    this.partitions = partitions
  }
}
