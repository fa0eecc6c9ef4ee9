import { fail } from '../contracts/kafka-failure'
import { newUuid } from '../contracts/runtime'
import type { Services } from '../contracts/services'
import { checkAssignment, checkSomeoneLives } from './manual-assignments'
import type { Partition } from '../contracts/partition'
import { placeReplicas } from './replica-placement'
import { isInternalTopic } from './topic-names'
import { checkPartitionCount, planTopic } from './topic-planner'
import type {
  AddPartitionsOptions,
  InternalTopicName,
  NewTopicSpec,
  Topic,
  TopicChange,
  TopicPlan,
  Topics,
} from '../contracts/topics'
import { Watchers } from './watchers'

/** Where a new partition is to be. */
export interface PartitionPlace {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly replicas: readonly number[]
}

/** A partition as its topic owns it: it can be told that it is gone. */
export interface OwnedPartition extends Partition {
  /** Everyone who waits for it is told; it has no leader and no logs any more. */
  delete(): void
}

/** What topics are made of. */
export interface TopicRegistryOptions {
  readonly services: Services
  readonly createPartition: (place: PartitionPlace) => OwnedPartition
}

/** A topic whose partitions can become more. */
class RegisteredTopic implements Topic {
  readonly partitions: OwnedPartition[] = []

  constructor(
    readonly name: string,
    readonly id: string,
    readonly createdAt: number,
  ) {}

  get isInternal(): boolean {
    return isInternalTopic(this.name)
  }
}

/** The topics of the cluster, by name and by id. A topic that is created again has another id. */
export class TopicRegistry implements Topics {
  readonly #services: Services
  readonly #createPartition: (place: PartitionPlace) => OwnedPartition
  readonly #byName = new Map<string, RegisteredTopic>()
  readonly #byId = new Map<string, RegisteredTopic>()
  readonly #watchers = new Watchers<TopicChange>()

  constructor({ services, createPartition }: TopicRegistryOptions) {
    this.#services = services
    this.#createPartition = createPartition
  }

  get all(): Iterable<Topic> {
    return this.#byName.values()
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, index: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[index]
  }

  plan(spec: NewTopicSpec): TopicPlan {
    return planTopic(spec, this, this.#services)
  }

  create(spec: NewTopicSpec): Topic {
    return this.createPlanned(this.plan(spec))
  }

  createPlanned({ name, assignments, configs }: TopicPlan): Topic {
    const { runtime } = this.#services
    const topic = new RegisteredTopic(name, newUuid(runtime.random), runtime.clock.wallTime())
    // Before the partitions: their logs read them.
    this.#services.configs.setTopic(name, Object.fromEntries(configs))
    for (const replicas of assignments) this.#add(topic, replicas)
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    this.#watchers.emit({ kind: 'created', topic })
    return topic
  }

  delete(name: string): void {
    const topic = this.#byName.get(name)
    if (topic === undefined) {
      throw fail('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
    }
    this.#byName.delete(name)
    this.#byId.delete(topic.id)
    for (const partition of topic.partitions) partition.delete()
    this.#services.configs.forgetTopic(name)
    this.#services.offsets.deleteTopic(name)
    this.#watchers.emit({ kind: 'deleted', topic })
  }

  addPartitions(name: string, total: number, options: AddPartitionsOptions = {}): Topic {
    const topic = this.#byName.get(name)
    if (topic === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    const added = this.#placesOfMore(topic, total, options)
    if (options.validateOnly === true) return topic
    for (const replicas of added) this.#add(topic, replicas)
    this.#watchers.emit({ kind: 'partitions-added', topic })
    return topic
  }

  ensureInternal(name: InternalTopicName): Topic {
    return this.#byName.get(name) ?? this.create(this.#internalSpec(name))
  }

  watch(listener: (change: TopicChange) => void): () => void {
    return this.#watchers.add(listener)
  }

  #add(topic: RegisteredTopic, replicas: readonly number[]): void {
    const place = { topic: topic.name, topicId: topic.id, index: topic.partitions.length, replicas }
    topic.partitions.push(this.#createPartition(place))
  }

  #placesOfMore(topic: Topic, total: number, { assignments }: AddPartitionsOptions): (readonly number[])[] {
    const { brokers, runtime } = this.#services
    const count = topic.partitions.length
    if (total === count) throw fail('INVALID_PARTITIONS', `Topic already has ${count} partition(s).`)
    if (total < count) {
      throw fail(
        'INVALID_PARTITIONS',
        `The topic ${topic.name} currently has ${count} partition(s); ${total} would not be an increase.`,
      )
    }
    checkPartitionCount(total - count)
    const replicationFactor = topic.partitions[0]?.replicas.length ?? 1
    if (assignments === undefined) {
      const { random } = runtime
      return placeReplicas({ brokers: brokers.all, partitions: total - count, replicationFactor, random })
    }
    if (assignments.length !== total - count) {
      throw fail(
        'INVALID_REPLICA_ASSIGNMENT',
        `Attempted to add ${total - count} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
      )
    }
    for (const [index, replicas] of assignments.entries()) {
      checkAssignment(replicas, replicationFactor, brokers)
      checkSomeoneLives(replicas, count + index, brokers)
    }
    return [...assignments]
  }

  #internalSpec(name: InternalTopicName): NewTopicSpec {
    const { configs } = this.#services
    const own = internalTopicConfigs[name]
    return {
      name,
      partitions: configs.brokerNumber(`${own.prefix}.num.partitions`),
      replicationFactor: configs.brokerNumber(`${own.prefix}.replication.factor`),
      configs: {
        ...own.configs,
        'segment.bytes': configs.broker(`${own.prefix}.segment.bytes`),
        ...(own.hasMinInSync ? { 'min.insync.replicas': configs.broker(`${own.prefix}.min.isr`) } : {}),
      },
    }
  }
}

/** How Kafka's coordinators have their topics created. */
const internalTopicConfigs = {
  __consumer_offsets: {
    prefix: 'offsets.topic',
    hasMinInSync: false,
    configs: { 'cleanup.policy': 'compact', 'compression.type': 'producer' },
  },
  __transaction_state: {
    prefix: 'transaction.state.log',
    hasMinInSync: true,
    configs: {
      'cleanup.policy': 'compact',
      'compression.type': 'uncompressed',
      'unclean.leader.election.enable': 'false',
    },
  },
  __share_group_state: {
    prefix: 'share.coordinator.state.topic',
    hasMinInSync: true,
    configs: { 'cleanup.policy': 'delete', 'compression.type': 'producer', 'retention.ms': '-1' },
  },
} as const
