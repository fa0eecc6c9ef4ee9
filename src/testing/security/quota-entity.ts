import { fail } from '../contracts/kafka-failure'

/** Kafka's types of quota entities. */
export const quotaEntityTypes = ['user', 'client-id', 'ip'] as const

export type QuotaEntityType = (typeof quotaEntityTypes)[number]

/** Whom a quota is for: a name by type, null for the default of the type. */
export type QuotaEntity = ReadonlyMap<QuotaEntityType, string | null>

/** The quotas that users and client ids can have; all but the last hold for each broker. */
const clientQuotaKeys = [
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
] as const

export type ClientQuotaKey = (typeof clientQuotaKeys)[number]

const wholeNumberKeys: ReadonlySet<string> = new Set(['producer_byte_rate', 'consumer_byte_rate'])

/** One text for each entity, the same in whatever order its parts were named. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify(quotaEntityTypes.map((type) => (entity.has(type) ? [entity.get(type)] : [])))
}

/** An entity from the parts of a request. @throws INVALID_REQUEST */
export function parseEntity(
  parts: readonly { readonly entityType: string; readonly entityName: string | null }[],
): QuotaEntity {
  const entity = new Map<QuotaEntityType, string | null>()
  if (parts.length === 0) throw fail('INVALID_REQUEST', 'Invalid empty client quota entity')
  for (const { entityType, entityName } of parts) {
    const type = quotaEntityTypes.find((it) => it === entityType)
    if (type === undefined) throw fail('INVALID_REQUEST', `Unhandled client quota entity type: ${entityType}`)
    if (entity.has(type)) {
      throw fail('INVALID_REQUEST', `Invalid client quota entity, duplicate entity entry ${type}`)
    }
    if (entityName === '') throw fail('INVALID_REQUEST', `Empty ${type} not supported`)
    entity.set(type, entityName)
  }
  if (entity.has('ip') && entity.size > 1) {
    const why = 'IP entity shouldnot be combined with User or ClientId'
    throw fail('INVALID_REQUEST', `Invalid quota entity combination, ${why}`)
  }
  return entity
}

/** @throws INVALID_REQUEST for a quota that the entity can't have, or a limit that is none */
export function checkQuota(entity: QuotaEntity, key: string, limit: number): void {
  const isKnown = entity.has('ip')
    ? key === 'connection_creation_rate'
    : (clientQuotaKeys as readonly string[]).includes(key)
  if (!isKnown) throw fail('INVALID_REQUEST', `Invalid configuration key ${key}`)
  if (!(limit > 0)) throw fail('INVALID_REQUEST', `Quota ${key} must be greater than 0`)
  const isWhole = wholeNumberKeys.has(key) || key === 'connection_creation_rate'
  if (isWhole && Math.abs(limit - Math.round(limit)) > 1e-6) {
    throw fail('INVALID_REQUEST', `${key} cannot be a fractional value.`)
  }
}
