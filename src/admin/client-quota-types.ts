import * as z from 'zod/mini'

/** What a quota can be for: users, client ids, addresses. Kafka: `ClientQuotaEntity`. */
export type QuotaEntityType = 'user' | 'client-id' | 'ip'

/**
 * Whom quotas are for: `{ user: 'alice' }`, `{ user: 'alice', 'client-id': 'etl' }`, `{ ip: '10.0.0.7' }`. Null is the
 * default, for all that have no quota of their own.
 */
export type QuotaEntity = Partial<Readonly<Record<QuotaEntityType, string | null>>>

/** How an entity is checked. */
export const quotaEntitySchema = z.lazy(() =>
  z
    .strictObject({
      user: z.nullish(z.string().check(z.minLength(1))),
      'client-id': z.nullish(z.string().check(z.minLength(1))),
      ip: z.nullish(z.string().check(z.minLength(1))),
    })
    .check(
      z.refine(
        (entity) => Object.values(entity).some((name) => name !== undefined),
        "An entity needs a user, client-id or ip; null is Kafka's default",
      ),
    ),
)

/** An entity as requests spell it. */
export function entityParts(entity: QuotaEntity): { entityType: string; entityName: string | null }[] {
  return Object.entries(entity)
    .filter(([, name]) => name !== undefined)
    .map(([entityType, entityName]) => ({ entityType, entityName }))
    .sort((a, b) => (a.entityType < b.entityType ? -1 : 1))
}

/** `user 'alice', default client-id`, for messages; tells entities apart. */
export function describeEntity(entity: QuotaEntity): string {
  return entityParts(entity)
    .map(({ entityType, entityName }) =>
      entityName === null ? `default ${entityType}` : `${entityType} '${entityName}'`,
    )
    .join(', ')
}
