import { InvalidOptionError, KafkaError } from '../../base/errors'
import { nearestName } from '../../base/options'
import { brokerConfigs } from './config-definition'
import { checkedValue } from './config-value'

/** What server.properties would say of brokers in this cluster: what suits tests, and over it the user's own. */
export function staticBrokerConfigs(
  brokerCount: number,
  own: Readonly<Record<string, string>>,
): Map<string, string> {
  const problems: string[] = []
  const configs = new Map(Object.entries(forTests(brokerCount)))
  for (const [name, value] of Object.entries(own)) {
    const problem = problemOf(name, value)
    if (problem === undefined) configs.set(name, checked(name, value))
    else problems.push(problem)
  }
  if (problems.length > 0) throw new InvalidOptionError('Wrong options for the in-process broker', problems)
  return configs
}

/**
 * Where Kafka's defaults are made for large clusters and slow starts: internal topics have few partitions and no more
 * replicas than there are brokers, groups form at once, and a dead broker is noticed after a second.
 */
function forTests(brokerCount: number): Record<string, string> {
  const replicationFactor = Math.max(1, Math.min(3, brokerCount))
  const minInSync = Math.max(1, replicationFactor - 1)
  return {
    'process.roles': 'broker',
    'broker.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '300',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': String(replicationFactor),
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': String(replicationFactor),
    'transaction.state.log.min.isr': String(minInSync),
    'share.coordinator.state.topic.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': String(replicationFactor),
    'share.coordinator.state.topic.min.isr': String(minInSync),
  }
}

/** Names that Kafka's brokers also take: a listener's own form of a config, and the users of SASL mechanisms. */
function baseName(name: string): string {
  return name.replace(/^listener\.name\.[^.]+\.((plain|scram-sha-256|scram-sha-512|oauthbearer)\.)?/, '')
}

function problemOf(name: string, value: string): string | undefined {
  const definition = brokerConfigs.get(baseName(name))
  if (definition === undefined) {
    const nearest = nearestName(name, [...brokerConfigs.keys()])
    return `unknown broker config '${name}'${nearest === undefined ? '' : `, did you mean '${nearest}'?`}`
  }
  try {
    checkedValue(definition, String(value))
    return undefined
  } catch (error) {
    return `broker config '${name}': ${KafkaError.from(error).message.replace(/^Refused: INVALID_CONFIG: /, '')}`
  }
}

function checked(name: string, value: string): string {
  const definition = brokerConfigs.get(baseName(name))
  return definition === undefined ? value : checkedValue(definition, String(value))
}
