import { ErrorCode } from '../../base/error-codes'
import type {
  MetadataRequest,
  MetadataResponseResponsePartition,
  MetadataResponseResponseTopic,
} from '../../wire/generated/broker/metadata'
import type { Partition } from '../contracts/partition'
import { isInternalTopic, topicNameProblem, zeroTopicId } from '../cluster/topic-names'
import type { InternalTopicName, Topic } from '../contracts/topics'
import type { RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/**
 * The topics of one Metadata request, by Kafka's rules: what may not be described and was asked for by name is refused
 * whether it exists or not, and is left out of the list of all topics.
 */
export class MetadataTopics {
  readonly #services: Services
  readonly #context: RequestContext

  constructor(services: Services, context: RequestContext) {
    this.#services = services
    this.#context = context
  }

  answer(request: MetadataRequest): MetadataResponseResponseTopic[] {
    const { topics } = this.#services
    const all = request.topics === null || (this.#context.apiVersion === 0 && request.topics.length === 0)
    if (all || request.topics === null) {
      const described = [...topics.all].filter((topic) => this.#mayDescribe(topic.name))
      return described.map((topic) => this.#existing(topic, request))
    }
    const ids = new Set(request.topics.map((topic) => topic.topicId).filter((id) => id !== zeroTopicId))
    if (ids.size > 0) return [...ids].map((id) => this.#byId(id, request))
    const names = new Set(request.topics.map((topic) => topic.name ?? ''))
    return [...names].map((name) => this.#byName(name, request))
  }

  #byId(id: string, request: MetadataRequest): MetadataResponseResponseTopic {
    const topic = this.#services.topics.byId(id)
    if (topic === undefined) return { ...refused('UNKNOWN_TOPIC_ID', null), topicId: id }
    if (this.#mayDescribe(topic.name)) return this.#existing(topic, request)
    return { ...refused('TOPIC_AUTHORIZATION_FAILED', null), topicId: id }
  }

  #byName(name: string, request: MetadataRequest): MetadataResponseResponseTopic {
    if (!this.#mayDescribe(name)) return refused('TOPIC_AUTHORIZATION_FAILED', name)
    const topic = this.#services.topics.byName(name)
    return topic === undefined ? this.#missing(name, request) : this.#existing(topic, request)
  }

  #missing(name: string, request: MetadataRequest): MetadataResponseResponseTopic {
    const mayCreate =
      request.allowAutoTopicCreation &&
      this.#services.configs.broker('auto.create.topics.enable', this.#context.broker.id) === 'true'
    if (mayCreate && !this.#mayBeCreated(name)) return refused('TOPIC_AUTHORIZATION_FAILED', name)
    const operations = this.#operations(name, request)
    if (topicNameProblem(name) !== undefined) {
      return { ...refused('INVALID_TOPIC_EXCEPTION', name), ...operations }
    }
    if (mayCreate) this.#create(name)
    // Kafka answers before the controller has created it; the client asks again.
    return { ...refused('UNKNOWN_TOPIC_OR_PARTITION', name), ...operations }
  }

  #create(name: string): void {
    const { topics, runtime } = this.#services
    try {
      if (isInternalTopic(name)) topics.ensureInternal(name as InternalTopicName)
      else topics.create({ name })
    } catch (error) {
      runtime.logger.warn('a topic could not be created on first use', { topic: name, error })
    }
  }

  #existing(topic: Topic, request: MetadataRequest): MetadataResponseResponseTopic {
    return {
      errorCode: ErrorCode.NONE,
      name: topic.name,
      topicId: topic.id,
      isInternal: topic.isInternal,
      partitions: topic.partitions.map((partition) => this.#partition(partition)),
      ...this.#operations(topic.name, request),
    }
  }

  #partition(partition: Partition): MetadataResponseResponsePartition {
    const { brokers } = this.#services
    const isAlive = (id: number): boolean => brokers.get(id)?.isFenced === false
    const hasLeader = isAlive(partition.leaderId)
    // Version 0 cannot say that a replica is away, and leaves it out.
    const shown = (ids: readonly number[]): readonly number[] =>
      this.#context.apiVersion === 0 ? ids.filter(isAlive) : ids
    const replicaNodes = shown(partition.replicas)
    const isrNodes = shown(partition.inSyncReplicas)
    const someHidden =
      replicaNodes.length < partition.replicas.length || isrNodes.length < partition.inSyncReplicas.length
    return {
      errorCode: !hasLeader
        ? ErrorCode.LEADER_NOT_AVAILABLE
        : someHidden
          ? ErrorCode.REPLICA_NOT_AVAILABLE
          : ErrorCode.NONE,
      partitionIndex: partition.index,
      leaderId: hasLeader ? partition.leaderId : -1,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes,
      isrNodes,
      offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
    }
  }

  #operations(name: string, request: MetadataRequest): Partial<MetadataResponseResponseTopic> {
    if (this.#context.apiVersion < 8 || !request.includeTopicAuthorizedOperations) return {}
    return {
      topicAuthorizedOperations: this.#services.authorizer.authorizedOperations(this.#context, 'Topic', name),
    }
  }

  #mayDescribe(name: string): boolean {
    return this.#services.authorizer.allows(this.#context, 'Describe', 'Topic', name)
  }

  #mayBeCreated(name: string): boolean {
    const { authorizer } = this.#services
    return (
      authorizer.allows(this.#context, 'Create', 'Cluster', clusterResource) ||
      authorizer.allows(this.#context, 'Create', 'Topic', name)
    )
  }
}

function refused(
  code: keyof typeof ErrorCode,
  name: string | null,
): MetadataResponseResponseTopic & { topicId: string } {
  return {
    errorCode: ErrorCode[code],
    name,
    topicId: zeroTopicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  }
}
