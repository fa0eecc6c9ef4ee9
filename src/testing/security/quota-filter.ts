import { fail } from '../contracts/kafka-failure'
import { type QuotaEntity, quotaEntityTypes, type QuotaEntityType } from './quota-entity'

/** How a part of a filter is meant: a name, the default, or any name of the type. Kafka's numbers. */
const matchTypes = { exact: 0, default: 1, specified: 2 } as const

/** Which entities DescribeClientQuotas asks for. */
export interface QuotaFilter {
  /** By type: the name, null for the default, undefined for any. */
  readonly parts: ReadonlyMap<QuotaEntityType, string | null | undefined>
  /** The entity has no other parts than those. */
  readonly isStrict: boolean
}

interface FilterPart {
  readonly entityType: string
  readonly matchType: number
  readonly match: string | null
}

/** @throws INVALID_REQUEST, UNSUPPORTED_VERSION for types of entities that nobody knows */
export function parseQuotaFilter(components: readonly FilterPart[], isStrict: boolean): QuotaFilter {
  const parts = new Map<QuotaEntityType, string | null | undefined>()
  for (const component of components) {
    const { entityType } = component
    if (entityType === '') throw fail('INVALID_REQUEST', 'Invalid empty entity type.')
    const type = quotaEntityTypes.find((it) => it === entityType)
    if (type === undefined) throw fail('UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}`)
    if (parts.has(type)) {
      throw fail('INVALID_REQUEST', `Entity type ${type} cannot appear more than once in the filter.`)
    }
    parts.set(type, wantedName(component))
  }
  if (parts.has('ip') && parts.size > 1) {
    const why = 'IP filter component should not be used with user or clientId filter component.'
    throw fail('INVALID_REQUEST', `Invalid entity filter component combination. ${why}`)
  }
  return { parts, isStrict }
}

/** True when the filter finds the entity. */
export function quotaFilterMatches({ parts, isStrict }: QuotaFilter, entity: QuotaEntity): boolean {
  if (isStrict && entity.size !== parts.size) return false
  return [...parts].every(
    ([type, name]) => entity.has(type) && (name === undefined || entity.get(type) === name),
  )
}

function wantedName({ matchType, match }: FilterPart): string | null | undefined {
  if (matchType === matchTypes.exact) {
    if (match !== null) return match
    throw fail('INVALID_REQUEST', 'Request specified MATCH_TYPE_EXACT, but set match string to null.')
  }
  if (matchType !== matchTypes.default && matchType !== matchTypes.specified) {
    throw fail('INVALID_REQUEST', `Unknown match type ${matchType}`)
  }
  const isDefault = matchType === matchTypes.default
  if (match !== null) {
    const name = isDefault ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED'
    throw fail('INVALID_REQUEST', `Request specified ${name}, but also specified a match string.`)
  }
  return isDefault ? null : undefined
}
