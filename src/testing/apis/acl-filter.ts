import { fail } from '../kafka-failure'
import type { AclFilter } from '../security/acl'

/** Filters may leave open what they look for, but not ask for what nobody knows. @throws INVALID_REQUEST */
export function requireKnownFilter(filter: AclFilter): void {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = filter
  if ([resourceTypeFilter, patternTypeFilter, operation, permissionType].includes(0)) {
    throw fail('INVALID_REQUEST', 'The filter contains UNKNOWN elements')
  }
}
