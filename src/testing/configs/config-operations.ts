import { fail } from '../contracts/kafka-failure'
import type { ConfigDefinitions } from './config-definition'
import { listOf } from './config-value'

/** Kafka's numbers of what IncrementalAlterConfigs does to a config. */
const operations = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const

/** One change of one config. */
export interface ConfigOperation {
  readonly name: string
  /** Kafka's number: 0 set, 1 delete, 2 append, 3 subtract. */
  readonly operation: number
  readonly value: string | null
}

/** What a resource has set after the changes; nothing is checked but the operations themselves. */
export function withOperations(
  current: ReadonlyMap<string, string>,
  changes: readonly ConfigOperation[],
  definitions: ConfigDefinitions,
  fallback: (name: string) => string,
): Map<string, string> {
  const next = new Map(current)
  for (const { name, operation, value } of changes) {
    const kind = operations[operation]
    if (kind === 'SET') next.set(name, value ?? '')
    else if (kind === 'DELETE') next.delete(name)
    else if (kind !== undefined) {
      if (definitions.get(name)?.type !== 'LIST') {
        throw fail('INVALID_CONFIG', `Can't ${kind} to key ${name} because its type is not LIST.`)
      }
      const before = listOf(next.get(name) ?? fallback(name))
      next.set(name, changedList(before, (value ?? '').split(','), kind).join(','))
    }
  }
  return next
}

function changedList(
  before: readonly string[],
  items: readonly string[],
  kind: 'APPEND' | 'SUBTRACT',
): string[] {
  const trimmed = items.map((item) => item.trim())
  if (kind === 'SUBTRACT') return before.filter((item) => !trimmed.includes(item))
  return [...before, ...trimmed.filter((item) => !before.includes(item))]
}

/**
 * What a broker refuses before it hands the changes to the controller.
 * @throws INVALID_REQUEST for a name that comes twice or a value that is missing, UNKNOWN_SERVER_ERROR for another operation
 */
export function checkOperations(changes: readonly ConfigOperation[]): void {
  if (new Set(changes.map((change) => change.name)).size !== changes.length) {
    throw fail('INVALID_REQUEST', 'Error due to duplicate config keys')
  }
  const nulls = changes.filter((change) => change.value === null && operations[change.operation] !== 'DELETE')
  if (nulls.length > 0) {
    throw fail('INVALID_REQUEST', `Null value not supported for : ${nulls.map((one) => one.name).join(',')}`)
  }
  if (changes.some((change) => operations[change.operation] === undefined)) throw fail('UNKNOWN_SERVER_ERROR')
}
