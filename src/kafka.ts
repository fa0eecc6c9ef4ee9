import { Admin } from './admin/admin'
import type { AdminOptions } from './admin/admin-options'
import type { Cluster } from './cluster/cluster'
import { type ClusterOptions, resolveClusterOptions } from './cluster/cluster-options'
import { createCluster } from './cluster/create-cluster'
import { Consumer } from './consumer/consumer'
import type { ConsumerOptions } from './consumer/consumer-options'
import type { AssignmentInput, TopicsOfAssignment } from './consumer/manual/manual-assignment'
import type { SubscriptionInput, TopicInput } from './message/topic-input'
import { Producer } from './producer/producer'
import type { ProducerOptions } from './producer/producer-options'
import { ShareConsumer } from './share/share-consumer'
import type { ShareConsumerOptions } from './share/share-consumer-options'

/** Where the cluster is, who we are, and how connections are made. */
export type KafkaOptions = ClusterOptions

/** The topics that give a consumer's messages their types: those of `topics`, else those of `assign`. */
export type ConsumedTopics<
  Topics extends readonly SubscriptionInput[],
  Assigned extends readonly AssignmentInput[],
> = Topics extends readonly [] ? TopicsOfAssignment<Assigned> : Topics

/**
 * One Kafka cluster, and what makes the clients that use it. The clients share its connections and its view of the
 * cluster. Nothing is opened before a client is first used, and nothing stays open once all of them are closed.
 */
export class Kafka {
  readonly #cluster: Cluster

  /** @throws InvalidOptionError that lists everything that is wrong with the options */
  constructor(options: KafkaOptions) {
    this.#cluster = createCluster(resolveClusterOptions(options))
  }

  /** The cluster's own id, as its brokers gave it; null before one of the clients has reached them. */
  get clusterId(): string | null {
    return this.#cluster.metadata.clusterId
  }

  /** A client that sends messages. @throws InvalidOptionError */
  producer(options?: ProducerOptions): Producer {
    return new Producer(this.#cluster, options)
  }

  /** A client that reads messages, alone or as a member of a group. @throws InvalidOptionError */
  consumer<
    const Topics extends readonly SubscriptionInput[] = readonly [],
    const Assigned extends readonly AssignmentInput[] = readonly [],
  >(options: ConsumerOptions<Topics, Assigned>): Consumer<ConsumedTopics<Topics, Assigned>> {
    return new Consumer<ConsumedTopics<Topics, Assigned>>(this.#cluster, options)
  }

  /** A client that reads messages as a member of a share group (KIP-932, Kafka 4.2). @throws InvalidOptionError */
  shareConsumer<const Topics extends readonly TopicInput[] = readonly string[]>(
    options: ShareConsumerOptions<Topics>,
  ): ShareConsumer<Topics> {
    return new ShareConsumer(this.#cluster, options)
  }

  /** A client that manages topics, configs, groups and offsets. @throws InvalidOptionError */
  admin(options?: AdminOptions): Admin {
    return new Admin(this.#cluster, options)
  }
}
