// Guards the settings of KafkaJS's consumers: each reaches our own consumer, and has KafkaJS's default.
import { coreConsumerOptions } from '../../../src/kafkajs/consumer/core-consumer-options'
import { Subscriptions } from '../../../src/kafkajs/consumer/subscriptions'
import type { ConsumerConfig } from '../../../src/kafkajs/types/consumer'

function optionsOf(config: Partial<ConsumerConfig> = {}) {
  const subscriptions = new Subscriptions()
  subscriptions.add(['t'], false)
  return coreConsumerOptions({ groupId: 'g', ...config }, subscriptions)
}

test("4: the defaults are KafkaJS's, for a handler no time is too long, and commits are the layer's", () => {
  expect(optionsOf()).toEqual({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'latest',
    autoCommit: false,
    groupProtocol: 'classic',
    sessionTimeoutMs: 30_000,
    heartbeatIntervalMs: 3000,
    rebalanceTimeoutMs: 60_000,
    maxPollIntervalMs: 0x7fffffff,
    maxPartitionFetchBytes: 1_048_576,
    fetchMinBytes: 1,
    fetchMaxBytes: 10_485_760,
    fetchMaxWaitMs: 5000,
    isolationLevel: 'read_committed',
    clientRack: '',
    allowAutoTopicCreation: true,
  })
})

test.each<[Partial<ConsumerConfig>, object]>([
  [{ sessionTimeout: 6000 }, { sessionTimeoutMs: 6000 }],
  [{ heartbeatInterval: 0.5 }, { heartbeatIntervalMs: 1 }],
  [{ rebalanceTimeout: 1234 }, { rebalanceTimeoutMs: 1234 }],
  [{ maxBytesPerPartition: 10 }, { maxPartitionFetchBytes: 10 }],
  [{ minBytes: 7 }, { fetchMinBytes: 7 }],
  [{ maxBytes: 8 }, { fetchMaxBytes: 8 }],
  [{ maxWaitTimeInMs: 0 }, { fetchMaxWaitMs: 0 }],
  [{ readUncommitted: true }, { isolationLevel: 'read_uncommitted' }],
  [{ rackId: 'a' }, { clientRack: 'a' }],
  [{ allowAutoTopicCreation: false }, { allowAutoTopicCreation: false }],
  [{ groupInstanceId: 'i' }, { groupInstanceId: 'i' }],
])('4: %j', (config, expected) => {
  expect(optionsOf(config)).toMatchObject(expected)
})

test('4: what the broker decides with KIP-848 is left out', () => {
  const options = optionsOf({
    groupProtocol: 'consumer',
    groupRemoteAssignor: 'uniform',
    sessionTimeout: 6000,
    heartbeatInterval: 50,
  })
  expect(options).toMatchObject({ groupProtocol: 'consumer', groupRemoteAssignor: 'uniform' })
  expect(options).not.toHaveProperty('sessionTimeoutMs')
  expect(options).not.toHaveProperty('heartbeatIntervalMs')
})

test('4: topics that begin at different ends begin at the end, but for those that are sought', () => {
  const subscriptions = new Subscriptions()
  subscriptions.add(['early', /^early-/], true)
  subscriptions.add(['late', 'early-but-late'], false)
  expect(subscriptions.commonStart).toBeUndefined()
  const starts = ['early', 'early-1', 'late', 'early-but-late'].map((name) =>
    subscriptions.startsAtBeginning(name),
  )
  expect(starts).toEqual([true, true, false, false])
})
