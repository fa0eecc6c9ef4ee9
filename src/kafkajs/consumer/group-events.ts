import type { ConsumerEventListeners, RebalancedEvent, TopicPartition } from '../../index'
import { consumerEvents } from '../client/event-names'
import type { Instrumentation } from '../client/instrumentation'
import type { IMemberAssignment } from '../types/events'
import type { Logger } from '../types/logger'
import type { Subscriptions } from './subscriptions'

/** What the events of a membership are made of. */
export interface GroupEventsParts {
  readonly groupId: string
  readonly subscriptions: Subscriptions
  readonly instrumentation: Instrumentation
  /** The root, for what KafkaJS says under a name of its own. */
  readonly logger: Logger
  /** The partitions that are this member's now. */
  readonly assignment: () => readonly TopicPartition[]
  /** False once the run is to end: what happens then is no rebalance. */
  readonly isRunning: () => boolean
  /** The member has its partitions, and everybody was told. */
  readonly onJoined: () => void
}

/** Tells KafkaJS's listeners what happens to one member of a group: from events of our own consumer, and from assignments. */
export class GroupEvents {
  /** For our own consumer. */
  readonly listeners: ConsumerEventListeners
  readonly #parts: GroupEventsParts
  /** Empty before the first join. */
  #memberId = ''
  /** What an assigner of KafkaJS gave; undefined where our own or the broker's did. */
  #given: IMemberAssignment | undefined

  constructor(parts: GroupEventsParts) {
    this.#parts = parts
    const { groupId, instrumentation } = parts
    this.listeners = {
      fetchStarted: ({ nodeId }) => instrumentation.emit(consumerEvents.FETCH_START, { nodeId }),
      fetched: ({ nodeId, latencyMs }) => {
        const payload = { numberOfBatches: 0, duration: Math.round(latencyMs), nodeId }
        instrumentation.emit(consumerEvents.FETCH, payload)
      },
      heartbeat: ({ memberId, generationId }) => {
        const payload = { groupId, memberId, groupGenerationId: generationId }
        instrumentation.emit(consumerEvents.HEARTBEAT, payload)
      },
      rebalanceBegan: () => this.#rebalanceBegan(),
      rebalanced: (event) => this.#rebalanced(event),
    }
  }

  /** The group's leader gave these to this member. What it did not ask for is left out, and told of. */
  assigned(partitions: readonly TopicPartition[], memberId: string, generationId: number): void {
    const { groupId, subscriptions, instrumentation, logger } = this.#parts
    const assignedTopics = [...new Set(partitions.map(({ topic }) => topic))]
    const topicsNotSubscribed = assignedTopics.filter((topic) => !subscriptions.has(topic))
    this.#given = byTopic(partitions.filter(({ topic }) => !topicsNotSubscribed.includes(topic)))
    if (topicsNotSubscribed.length === 0) return
    const topicsSubscribed = subscriptions.among(assignedTopics)
    const payload = { groupId, generationId, memberId, assignedTopics, topicsSubscribed, topicsNotSubscribed }
    instrumentation.emit(consumerEvents.RECEIVED_UNSUBSCRIBED_TOPICS, payload)
    logger.namespace('ConsumerGroup').warn('Consumer group received unsubscribed topics', payload)
  }

  #rebalanceBegan(): void {
    const { groupId, instrumentation, isRunning } = this.#parts
    if (this.#memberId === '' || !isRunning()) return
    instrumentation.emit(consumerEvents.REBALANCING, { groupId, memberId: this.#memberId })
  }

  #rebalanced({ memberId, leaderId, assignor, durationMs }: RebalancedEvent): void {
    const { groupId, assignment, instrumentation, logger, onJoined } = this.#parts
    this.#memberId = memberId
    const payload = {
      groupId,
      memberId,
      leaderId: leaderId ?? '',
      isLeader: leaderId === memberId,
      memberAssignment: this.#given ?? byTopic(assignment()),
      groupProtocol: assignor ?? '',
      duration: Math.round(durationMs),
    }
    instrumentation.emit(consumerEvents.GROUP_JOIN, payload)
    logger.namespace('ConsumerGroup').info('Consumer has joined the group', payload)
    onJoined()
  }
}

function byTopic(partitions: readonly TopicPartition[]): IMemberAssignment {
  const assignment: IMemberAssignment = {}
  for (const { topic, partition } of partitions) {
    const known = (assignment[topic] ??= [])
    known.push(partition)
  }
  return assignment
}
