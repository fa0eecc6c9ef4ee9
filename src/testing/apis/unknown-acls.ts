import type { RequestContext } from '../contracts/api-handler'
import type { AclFilter } from '../security/acl'

/** The number of what nobody knows: a type, pattern, operation or permission of a later Kafka. */
const unknown = 0

/**
 * True when a request names what nobody knows. Kafka can't read it then, and ends the connection; so does the handler
 * that answers nothing after this.
 */
export function endsForUnknown(context: RequestContext, numbers: readonly number[]): boolean {
  if (!numbers.includes(unknown)) return false
  context.closeConnection = true
  return true
}

/** The numbers of a filter. */
export function numbersOf(filter: AclFilter): number[] {
  return [filter.resourceTypeFilter, filter.patternTypeFilter, filter.operation, filter.permissionType]
}
