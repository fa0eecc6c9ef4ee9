import type { Cluster } from '../../cluster/cluster'
import type { GroupMembership, Subscription, WatchTopics } from '../group/group-membership'
import type { PartitionState } from '../partition-state'
import type { StartFrom } from '../start-from'
import type { SubscriptionState } from '../subscription-state'
import { TopicHistory } from './topic-history'
import { isSelected, type TopicSelection } from './topic-selection'

export interface TopicSubscriptionOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  readonly selection: TopicSelection
  readonly startFrom: StartFrom
  /** Partitions may be handed out again that were not for a while. */
  readonly onRestored: (states: readonly PartitionState[]) => void
}

/**
 * Which topics a member of a group reads. From the moment when a topic is not among them any more nothing of it is handed
 * out (G16), although its partitions are given up only by the rebalance that follows, with what was finished committed.
 */
export class TopicSubscription {
  readonly #options: TopicSubscriptionOptions
  readonly #history: TopicHistory | undefined
  #selection: TopicSelection

  constructor(options: TopicSubscriptionOptions) {
    this.#options = options
    this.#selection = options.selection
    this.#history = options.startFrom === 'latest' ? new TopicHistory(options.cluster) : undefined
  }

  get selection(): TopicSelection {
    return this.#selection
  }

  /** True when the partition came into being after its topic was subscribed to. Known only for `latest`. */
  isNew(state: PartitionState): boolean {
    return this.#history?.isNew(state) ?? false
  }

  /** Joins the group. */
  start(membership: GroupMembership): void {
    this.#history?.begin(this.#selection)
    membership.start(subscriptionOf(this.#selection))
  }

  /** Reads these topics instead. Throws InvalidArgumentError for a pattern that brokers can't be asked for. */
  replace(selection: TopicSelection, membership: GroupMembership): void {
    // First, because it may refuse a pattern; what follows from it comes later.
    membership.subscribe(subscriptionOf(selection))
    this.#selection = selection
    const { subscription, onRestored } = this.#options
    subscription.define(selection.topics)
    this.#history?.begin(selection)
    const restored: PartitionState[] = []
    for (const state of subscription.all()) {
      const isDropped = !isSelected(selection, state.topic)
      if (state.isDropped && !isDropped) restored.push(state)
      state.isDropped = isDropped
    }
    onRestored(restored)
  }

  /** Finds topics by their names where brokers do not: at each listing of all topics, internal ones left out (G12). */
  readonly watchTopics: WatchTopics = (pattern, onTopics, onRefused) =>
    this.#options.cluster.metadata.watchTopics(
      (topics) =>
        onTopics(
          topics.filter(({ name, isInternal }) => !isInternal && pattern.test(name)).map(({ name }) => name),
        ),
      onRefused,
    )

  close(): void {
    this.#history?.end()
  }
}

function subscriptionOf({ topics, pattern }: TopicSelection): Subscription {
  return { topics: topics.map(({ name }) => name), pattern }
}
