import * as z from 'zod/mini'
import { describeClientQuotasApi } from '../wire/generated/client/describe-client-quotas'
import { request, type AdminCall } from './admin-call'
import { parseArgument } from './arguments'
import type { QuotaEntity, QuotaEntityType } from './client-quota-types'

/** Which entities of one type are meant: one by its name, the default, or any that names this type. */
export type QuotaFilterComponent =
  | { readonly type: QuotaEntityType; readonly match: 'exact'; readonly name: string }
  | { readonly type: QuotaEntityType; readonly match: 'default' | 'any' }

/** Which quotas are meant: those whose entity fits every component. Kafka: `ClientQuotaFilter`. */
export interface QuotaFilter {
  /** Default: none, which fits all entities. */
  readonly components?: readonly QuotaFilterComponent[]
  /** Leaves out entities that name a type for which there is no component. Default: false. */
  readonly strict?: boolean
}

/** The quotas of one entity. */
export interface ClientQuotas {
  readonly entity: QuotaEntity
  /** By Kafka's name: `producer_byte_rate` and `consumer_byte_rate` (bytes a second), `request_percentage`, … */
  readonly quotas: Readonly<Record<string, number>>
}

const typeSchema = z.enum(['user', 'client-id', 'ip'])

const filterSchema = z.lazy(() =>
  z.strictObject({
    components: z._default(
      z
        .array(
          z.union(
            [
              z.strictObject({
                type: typeSchema,
                match: z.literal('exact'),
                name: z.string().check(z.minLength(1)),
              }),
              z.strictObject({ type: typeSchema, match: z.enum(['default', 'any']) }),
            ],
            "must have a type (user, client-id or ip) and a match: 'exact' with a name, 'default' or 'any'",
          ),
        )
        .check(
          z.refine(
            (components) => new Set(components.map(({ type }) => type)).size === components.length,
            'Each type can stand in one component only',
          ),
        ),
      [],
    ),
    strict: z._default(z.boolean(), false),
  }),
)

/** Kafka's numbers. */
const matchTypes = { exact: 0, default: 1, any: 2 } as const

/** Kafka: `Admin.describeClientQuotas` (KIP-546), API DescribeClientQuotas, to any broker. */
export async function describeClientQuotas(call: AdminCall, filter: QuotaFilter): Promise<ClientQuotas[]> {
  const { components, strict } = parseArgument('describeClientQuotas', 'filter', filterSchema, filter)
  const body = {
    components: components.map((component) => ({
      entityType: component.type,
      matchType: matchTypes[component.match],
      match: component.match === 'exact' ? component.name : null,
    })),
    strict,
  }
  const response = await request(call, { kind: 'any' }, describeClientQuotasApi, body, {
    errorOf: (answer) => answer,
  })
  return (response.entries ?? []).map(({ entity, values }) => ({
    entity: Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName])),
    quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
  }))
}
