import { fail } from '../contracts/kafka-failure'
import { clientMetricsConfigs } from './config-definition'
import { checkedValue, listOf } from './config-value'

const matchable: ReadonlySet<string> = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])

/** Checks the configs of a client metrics subscription (KIP-714). @throws INVALID_REQUEST, INVALID_CONFIG */
export function checkClientMetricsConfigs(configs: ReadonlyMap<string, string>): Map<string, string> {
  const checked = new Map<string, string>()
  for (const [name, value] of configs) {
    const definition = clientMetricsConfigs.get(name)
    if (definition === undefined) {
      throw fail('INVALID_REQUEST', `Unknown client metrics configuration: ${name}`)
    }
    checked.set(name, checkedValue(definition, value))
  }
  const interval = checked.get('interval.ms')
  if (interval !== undefined && (Number(interval) < 100 || Number(interval) > 3_600_000)) {
    throw fail(
      'INVALID_REQUEST',
      `Invalid value ${interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)`,
    )
  }
  parseMatch(checked.get('match') ?? '')
  return checked
}

/** The patterns of `match` by what they are about, such as `client_id`. @throws INVALID_CONFIG */
export function parseMatch(match: string): Map<string, RegExp> {
  const patterns = new Map<string, RegExp>()
  for (const text of listOf(match)) {
    const [name = '', pattern, more] = text.split('=').map((part) => part.trim())
    const compiled = pattern === undefined || more !== undefined ? undefined : compile(pattern)
    if (!matchable.has(name) || compiled === undefined) {
      throw fail('INVALID_CONFIG', `Illegal client matching pattern: ${text}`)
    }
    patterns.set(name, compiled)
  }
  return patterns
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    return undefined
  }
}
