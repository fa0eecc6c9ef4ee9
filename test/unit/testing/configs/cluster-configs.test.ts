// Guards against a config having another value than the one that Kafka's order of sources gives it.
import { InvalidOptionError } from '../../../../src/base/errors'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import { ClusterConfigs } from '../../../../src/testing/configs/cluster-configs'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'

const { topic, broker, group } = ConfigResourceType

test('reads a topic’s own value, then the cluster’s, then what the brokers started with, then Kafka’s default', () => {
  const configs = new ClusterConfigs({ brokerCount: 1, configs: { 'log.retention.ms': '300' } })
  expect(new ClusterConfigs({ brokerCount: 1 }).topic('a', 'retention.ms')).toBe('604800000')
  expect(configs.topic('a', 'retention.ms')).toBe('300')
  configs.replace(broker, '', new Map([['log.retention.ms', '200']]))
  expect(configs.topic('a', 'retention.ms')).toBe('200')
  configs.setTopic('a', { 'retention.ms': '100' })
  expect(configs.topic('a', 'retention.ms')).toBe('100')
  expect(configs.topic('b', 'retention.ms')).toBe('200')
  configs.forgetTopic('a')
  expect(configs.topic('a', 'retention.ms')).toBe('200')
})

test('turns hours and minutes of retention into milliseconds, the finest unit that is set winning', () => {
  const hours = new ClusterConfigs({ brokerCount: 1, configs: { 'log.retention.hours': '2' } })
  expect(hours.topicNumber('a', 'retention.ms')).toBe(7_200_000)
  const both = { 'log.retention.hours': '2', 'log.retention.minutes': '3' }
  expect(new ClusterConfigs({ brokerCount: 1, configs: both }).topicNumber('a', 'retention.ms')).toBe(180_000)
  const forever = new ClusterConfigs({ brokerCount: 1, configs: { 'log.retention.hours': '-1' } })
  expect(forever.topicNumber('a', 'retention.ms')).toBe(-1)
})

test('lets a broker’s own value win over the one for all', () => {
  const configs = new ClusterConfigs({ brokerCount: 2 })
  configs.replace(broker, '', new Map([['max.connections', '7']]))
  configs.replace(broker, '2', new Map([['max.connections', '9']]))
  expect(configs.brokerNumber('max.connections', 1)).toBe(7)
  expect(configs.brokerNumber('max.connections', 2)).toBe(9)
  expect(configs.brokerNumber('max.connections')).toBe(7)
  expect(configs.broker('node.id', 2)).toBe('2')
})

test('reads a group’s config from the brokers where it is not set', () => {
  const configs = new ClusterConfigs({
    brokerCount: 1,
    configs: { 'group.consumer.session.timeout.ms': '50000' },
  })
  expect(configs.groupNumber('g', 'consumer.session.timeout.ms')).toBe(50_000)
  configs.replace(group, 'g', new Map([['consumer.session.timeout.ms', '46000']]))
  expect(configs.groupNumber('g', 'consumer.session.timeout.ms')).toBe(46_000)
})

test('gives logs their configs anew after a change, and the same object until then', () => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  configs.setTopic('a', { 'cleanup.policy': 'compact,delete', 'message.timestamp.type': 'LogAppendTime' })
  const before = configs.log('a')
  expect(before).toMatchObject({
    cleanupPolicy: ['compact', 'delete'],
    messageTimestampType: 'LogAppendTime',
    maxMessageBytes: 1_048_588,
    retentionMs: 604_800_000,
  })
  expect(configs.log('a')).toBe(before)
  configs.replace(topic, 'a', new Map([['max.message.bytes', '10']]))
  expect(configs.log('a')).toMatchObject({ maxMessageBytes: 10, cleanupPolicy: ['delete'] })
})

test('bounds the replicas of internal topics by the number of brokers', () => {
  const factor = (brokerCount: number): [number, number] => {
    const configs = new ClusterConfigs({ brokerCount })
    return [
      configs.brokerNumber('offsets.topic.replication.factor'),
      configs.brokerNumber('transaction.state.log.min.isr'),
    ]
  }
  expect([factor(1), factor(2), factor(3), factor(5)]).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
    [3, 2],
  ])
})

test('refuses broker configs that Kafka does not know, naming the nearest, and wrong values, all at once', () => {
  const make = (): ClusterConfigs =>
    new ClusterConfigs({ brokerCount: 1, configs: { 'num.partition': '3', 'log.retention.ms': 'soon' } })
  expect(make).toThrow(InvalidOptionError)
  expect(make).toThrow("unknown broker config 'num.partition', did you mean 'num.partitions'?")
  expect(make).toThrow('Invalid value soon for configuration log.retention.ms: Not a number of type LONG')
})

test('takes a listener’s own form of a config', () => {
  const configs = {
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': 'x',
    'listener.name.ssl.ssl.client.auth': 'none',
  }
  expect(
    new ClusterConfigs({ brokerCount: 1, configs }).static.get('listener.name.ssl.ssl.client.auth'),
  ).toBe('none')
})

test('has min.insync.replicas set for the cluster where eligible leader replicas are enabled', () => {
  const seen = (version: string): string | undefined => {
    const configs = { 'min.insync.replicas': '2' }
    const made = new ClusterConfigs({ brokerCount: 3, configs, release: releaseNamed(version) })
    return made.dynamic.of(broker, '').get('min.insync.replicas')
  }
  expect([seen('3.7'), seen('4.0'), seen('4.1'), seen('4.3')]).toEqual([undefined, undefined, '2', '2'])
})

test('lets records be ahead as far as they like in releases before 4.0, and an hour since', () => {
  const ahead = (version: string): string =>
    new ClusterConfigs({ brokerCount: 1, release: releaseNamed(version) }).topic(
      'a',
      'message.timestamp.after.max.ms',
    )
  expect([ahead('3.9'), ahead('4.0')]).toEqual(['9223372036854775807', '3600000'])
})

test('tells who watches which resource changed', () => {
  const configs = new ClusterConfigs({ brokerCount: 1 })
  const seen: unknown[] = []
  const end = configs.watch((type, name) => seen.push([type, name]))
  configs.setTopic('a', { 'retention.ms': '1' })
  end()
  configs.setTopic('b', { 'retention.ms': '1' })
  expect(seen).toEqual([[topic, 'a']])
})
