// Guards against configs that Kafka would refuse being taken, or refused in other words than Kafka's.
import { ErrorCode } from '../../../../src/base/error-codes'
import { ClusterConfigs } from '../../../../src/testing/configs/cluster-configs'
import { brokerConfigs, groupConfigs, topicConfigs } from '../../../../src/testing/configs/config-definition'
import { checkedValue } from '../../../../src/testing/configs/config-value'
import { errorCodeOf, errorMessageOf } from '../../../../src/testing/contracts/kafka-failure'

function refusal(act: () => unknown): [number, string | null] {
  try {
    act()
  } catch (error) {
    return [errorCodeOf(error), errorMessageOf(error)]
  }
  throw new Error('nothing was refused')
}

// Each line is what a broker of Kafka 4.3.1 answered to CreateTopics.
test.each([
  ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '', 'Invalid value  for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '-5', 'Invalid value -5 for configuration retention.ms: Value must be at least -1'],
  [
    'cleanup.policy',
    'x',
    'Invalid value x for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  ['cleanup.policy', 'compact,,delete', "Configuration 'cleanup.policy' values must not be empty."],
  [
    'compression.type',
    'foo',
    'Invalid value foo for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
  ],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
  ],
  [
    'min.cleanable.dirty.ratio',
    '2',
    'Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'min.cleanable.dirty.ratio',
    'x',
    'Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE',
  ],
  [
    'preallocate',
    'maybe',
    'Invalid value maybe for configuration preallocate: Expected value to be either true or false',
  ],
  ['segment.bytes', '5', 'Invalid value 5 for configuration segment.bytes: Value must be at least 1048576'],
  [
    'segment.bytes',
    '99999999999',
    'Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT',
  ],
  [
    'leader.replication.throttled.replicas',
    'a:b',
    "Invalid value [a:b] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
  ],
  [
    'remote.storage.enable',
    'true',
    'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
  ],
  ['nope', '1', 'Unknown topic config name: nope'],
  ['message.format.version', '2.0', 'Unknown topic config name: message.format.version'],
])('refuses %s=%s for a topic in the words of Kafka', (name, value, words) => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  expect(refusal(() => configs.checkedTopic({ [name]: value }))).toEqual([ErrorCode.INVALID_CONFIG, words])
})

test('refuses lags that contradict each other, and values that are missing', () => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  const lags = { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }
  expect(refusal(() => configs.checkedTopic(lags))[1]).toBe(
    'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
  )
  expect(refusal(() => configs.checkedTopic({ 'retention.ms': null }))[1]).toBe(
    'Null value not supported for topic configs: retention.ms',
  )
})

test('takes blanks, capital letters and doubles in a list, and keeps what they mean', () => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  const checked = configs.checkedTopic({
    'retention.ms': ' 7 ',
    'cleanup.policy': 'compact, delete,compact',
    preallocate: 'TRUE',
    'leader.replication.throttled.replicas': '*',
  })
  expect(Object.fromEntries(checked)).toEqual({
    'retention.ms': '7',
    'cleanup.policy': 'compact,delete',
    preallocate: 'true',
    'leader.replication.throttled.replicas': '*',
  })
})

test('takes an empty cleanup policy, which keeps everything', () => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  expect(configs.checkedTopic({ 'cleanup.policy': '' }).get('cleanup.policy')).toBe('')
})

test('takes every default of every definition', () => {
  const wrong: string[] = []
  for (const definitions of [topicConfigs, brokerConfigs, groupConfigs]) {
    for (const definition of definitions.values()) {
      if (definition.defaultValue === null) continue
      try {
        checkedValue(definition, definition.defaultValue)
      } catch {
        wrong.push(definition.name)
      }
    }
  }
  expect(wrong).toEqual([])
})

test('knows durations for where a share group begins', () => {
  const definition = groupConfigs.get('share.auto.offset.reset')
  if (definition === undefined) throw new Error('share.auto.offset.reset is not defined')
  for (const good of ['earliest', 'latest', 'by_duration:PT1H', 'by_duration:P2DT3.5S']) {
    expect(checkedValue(definition, good)).toBe(good)
  }
  for (const bad of ['x', 'by_duration:', 'by_duration:P', 'by_duration:PT', 'by_duration:1h']) {
    expect(refusal(() => checkedValue(definition, bad))[0]).toBe(ErrorCode.INVALID_CONFIG)
  }
})
