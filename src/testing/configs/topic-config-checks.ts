import { fail } from '../contracts/kafka-failure'
import { topicConfigs } from './config-definition'
import { checkedValue } from './config-value'

/**
 * Checks all configs of a topic together.
 * @param effective what a config is that the topic does not set
 * @returns the values as Kafka keeps them
 * @throws INVALID_CONFIG with Kafka's words
 */
export function checkTopicConfigs(
  configs: Readonly<Record<string, string | null>>,
  effective: (name: string) => string,
): Map<string, string> {
  const nulls = Object.keys(configs).filter((name) => configs[name] === null)
  if (nulls.length > 0) {
    throw fail('INVALID_CONFIG', `Null value not supported for topic configs: ${nulls.join(',')}`)
  }
  const checked = new Map<string, string>()
  for (const name of Object.keys(configs)) {
    if (!topicConfigs.has(name)) throw fail('INVALID_CONFIG', `Unknown topic config name: ${name}`)
  }
  for (const [name, value] of Object.entries(configs)) {
    const definition = topicConfigs.get(name)
    if (definition !== undefined && value !== null) checked.set(name, checkedValue(definition, value))
  }
  checkTogether((name) => checked.get(name) ?? effective(name))
  return checked
}

function checkTogether(value: (name: string) => string): void {
  const min = BigInt(value('min.compaction.lag.ms'))
  const max = BigInt(value('max.compaction.lag.ms'))
  if (min > max) {
    throw fail(
      'INVALID_CONFIG',
      `conflict topic config setting min.compaction.lag.ms (${min}) > max.compaction.lag.ms (${max})`,
    )
  }
  if (value('remote.storage.enable') === 'true') {
    throw fail(
      'INVALID_CONFIG',
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
  }
}
