import { fail } from '../contracts/kafka-failure'
import { brokerConfigs, groupConfigs } from './config-definition'
import { checkedValue } from './config-value'

/** What `group.KIND.max.…` is called where it is not the config's own name behind the kind. */
const boundNames: Readonly<Record<string, string>> = { 'num.standby.replicas': 'standby.replicas' }

/**
 * Checks all configs of a group together.
 * @param broker the brokers' configs, which bound those of groups
 * @param effective what a config is that the group does not set
 * @throws INVALID_CONFIG with Kafka's words
 */
export function checkGroupConfigs(
  configs: ReadonlyMap<string, string>,
  broker: (name: string) => string,
  effective: (name: string) => string,
): Map<string, string> {
  for (const name of configs.keys()) {
    if (!groupConfigs.has(name)) throw fail('INVALID_CONFIG', `Unknown group config name: ${name}`)
  }
  const checked = new Map<string, string>()
  for (const [name, value] of configs) {
    const definition = groupConfigs.get(name)
    if (definition !== undefined) checked.set(name, checkedValue(definition, value))
  }
  for (const [name, value] of checked) checkBounds(name, value, broker)
  for (const kind of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`]
    const number = (name: string): number => Number(checked.get(name) ?? effective(name))
    if (number(session) <= number(heartbeat)) {
      throw fail('INVALID_CONFIG', `${session} must be greater than ${heartbeat}`)
    }
  }
  return checked
}

function checkBounds(name: string, value: string, broker: (name: string) => string): void {
  const kind = name.slice(0, name.indexOf('.'))
  const rest = name.slice(kind.length + 1)
  const bound = (which: 'min' | 'max'): string => `group.${kind}.${which}.${boundNames[rest] ?? rest}`
  if (brokerConfigs.has(bound('min')) && Number(value) < Number(broker(bound('min')))) {
    throw fail('INVALID_CONFIG', `${name} must be greater than or equal to ${bound('min')}`)
  }
  if (brokerConfigs.has(bound('max')) && Number(value) > Number(broker(bound('max')))) {
    throw fail('INVALID_CONFIG', `${name} must be less than or equal to ${bound('max')}`)
  }
}
