import { fail } from '../contracts/kafka-failure'
import { brokerConfigs, brokerQuotaConfigs } from './config-definition'
import { checkedValue } from './config-value'

/** Keys and trust of a listener: only one listener's own may change. */
const listenerSecurity = /^ssl\.(keystore|truststore)\.|^ssl\.key\.password$/

/**
 * Checks what is to be set on brokers at run time. Names that Kafka does not know are taken: they may be those of a
 * plug-in.
 * @param forOneBroker false for the cluster-wide default
 * @throws INVALID_REQUEST with Kafka's words
 */
export function checkBrokerConfigs(
  configs: ReadonlyMap<string, string>,
  forOneBroker: boolean,
): Map<string, string> {
  const names = [...configs.keys()]
  refuseAny(
    names.filter((name) => brokerConfigs.get(name)?.updateMode === 'read-only'),
    'Cannot update these configs dynamically',
  )
  refuseAny(
    names.filter((name) => listenerSecurity.test(name)),
    'These security configs can be dynamically updated only per-listener using the listener prefix',
  )
  const checked = new Map<string, string>()
  for (const [name, value] of configs) checked.set(name, checkedBrokerValue(name, value))
  if (!forOneBroker) {
    refuseAny(
      names.filter(isOfOneBroker),
      'Cannot update these configs at default cluster level, broker id must be specified',
    )
  }
  return checked
}

/** A listener's own configs are its broker's, too. */
function isOfOneBroker(name: string): boolean {
  return name.startsWith('listener.name.') || brokerConfigs.get(name)?.updateMode === 'per-broker'
}

function refuseAny(names: readonly string[], why: string): void {
  if (names.length > 0) throw fail('INVALID_REQUEST', `${why}: [${names.join(', ')}]`)
}

function checkedBrokerValue(name: string, value: string): string {
  const definition = brokerConfigs.get(name) ?? brokerQuotaConfigs.get(name)
  return definition === undefined ? value : checkedValue(definition, value, 'INVALID_REQUEST')
}
