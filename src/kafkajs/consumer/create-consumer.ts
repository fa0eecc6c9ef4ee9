import { withClusterView } from '../client/cluster-view'
import { consumerEvents } from '../client/event-names'
import { deadGroup, describeGroup } from '../group/describe-group'
import type { LocalMembers } from '../group/local-members'
import { translateError } from '../errors/translate-error'
import type { KafkaConfig } from '../types/config'
import type { Consumer, ConsumerConfig } from '../types/consumer'
import type { Logger } from '../types/logger'
import type { TopicPartitions } from '../types/metadata'
import {
  requireCommits,
  requireConsumerConfig,
  requireRunning,
  requireSeek,
  requireSubscription,
  requireTopicSelection,
} from './consumer-checks'
import { ConsumerControl } from './consumer-control'

/** Makes a consumer of KafkaJS: an object whose methods are its own, need no `this`, and may be replaced. */
export function createConsumer(
  kafka: KafkaConfig,
  config: ConsumerConfig,
  root: Logger,
  members: LocalMembers,
): Consumer {
  requireConsumerConfig(config)
  const control = new ConsumerControl(kafka, config, root, members)
  const { instrumentation } = control
  const consumer: Consumer = {
    connect: () => control.connect(),
    disconnect: () => control.disconnect(),
    subscribe: async (subscription) => {
      const topics = requireSubscription(subscription, control.isStarted)
      control.subscriptions.add(topics, subscription.fromBeginning ?? false)
    },
    stop: () => control.stop(),
    run: (runConfig = {}) => control.run(runConfig),
    commitOffsets: async (topicPartitions = []) => {
      requireCommits(topicPartitions)
      requireRunning(control.isStarted)
      await control.current?.commit(topicPartitions)
    },
    seek: (target) => {
      const offset = requireSeek(target)
      requireRunning(control.isStarted)
      const { topic, partition } = target
      control.seek({ topic, partition: Number(partition) }, offset)
    },
    describeGroup: async () => {
      const { groupId } = config
      const [result] = await control.askAdmin((admin) => admin.describeGroups([groupId], { partial: true }))
      if (result === undefined || result.error?.code === 'GROUP_ID_NOT_FOUND') return deadGroup(groupId)
      if (result.error !== null) throw translateError(result.error)
      return describeGroup(result)
    },
    pause: (topics = []) => {
      requireTopicSelection('pause', topics)
      requireRunning(control.isStarted)
      control.setPaused(topics, true)
    },
    resume: (topics = []) => {
      requireTopicSelection('resume', topics)
      requireRunning(control.isStarted)
      control.setPaused(topics, false)
    },
    paused: () => {
      const byTopic = new Map<string, TopicPartitions>()
      for (const { topic, partition } of control.current?.pausedPartitions() ?? []) {
        const known = byTopic.get(topic) ?? { topic, partitions: [] }
        byTopic.set(topic, known)
        known.partitions.push(partition)
      }
      return [...byTopic.values()]
    },
    on: instrumentation.on.bind(instrumentation) as Consumer['on'],
    logger: () => control.logger,
    events: consumerEvents,
  }
  return withClusterView(consumer, () => control.clusterId)
}
