import * as z from 'zod/mini'
import { alterClientQuotasApi } from '../wire/generated/client/alter-client-quotas'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { describeEntity, entityParts, quotaEntitySchema, type QuotaEntity } from './client-quota-types'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { controllerRetries, notController, oneShard, outcomeOf } from './shards'

/** What to change of one entity's quotas; those that are not named stay as they are. */
export interface ClientQuotaChanges {
  readonly entity: QuotaEntity
  /** By Kafka's name, such as `{ producer_byte_rate: 1_000_000 }` (bytes a second). */
  readonly set?: Readonly<Record<string, number>>
  /** Quotas to take away. */
  readonly unset?: readonly string[]
}

/** An entity whose quotas were changed. */
export interface AlteredClientQuotas {
  readonly entity: QuotaEntity
}

export interface AlterClientQuotasOptions extends AdminCallOptions {
  /** Checks whether the changes could be made, and makes none. Default: false. */
  readonly validateOnly?: boolean
}

/** The options of `alterClientQuotas` as they are checked. */
export const alterClientQuotasOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    validateOnly: z._default(z.boolean(), false),
  }),
)

const changesSchema = z.lazy(() =>
  z
    .strictObject({
      entity: quotaEntitySchema,
      set: z.optional(z.record(z.string(), z.number())),
      unset: z.optional(z.array(z.string().check(z.minLength(1)))),
    })
    .check(
      z.superRefine((changes, context) => {
        const names = operations(changes).map(({ key }) => key)
        if (names.length === 0) context.addIssue('has nothing to set or unset')
        const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index))
        for (const name of repeated) context.addIssue(`changes '${name}' more than once`)
      }),
    ),
)

/** Kafka: `Admin.alterClientQuotas` (KIP-546), API AlterClientQuotas, to the controller. */
export async function alterClientQuotas(
  call: AdminCall,
  changes: readonly ClientQuotaChanges[],
  { validateOnly }: z.output<typeof alterClientQuotasOptions>,
): Promise<ItemResult<AlteredClientQuotas, 'entity'>[]> {
  const items: readonly ClientQuotaChanges[] = parseItems(
    'alterClientQuotas',
    'changes',
    changesSchema,
    changes,
    ({ entity }) => describeEntity(entity),
  )
  const outcomes = await runItems<ClientQuotaChanges, object>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard, validateOnly))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ entity }) => ({ entity }))
}

function operations({ set, unset }: Pick<ClientQuotaChanges, 'set' | 'unset'>) {
  return [
    ...Object.entries(set ?? {}).map(([key, value]) => ({ key, value, remove: false })),
    ...(unset ?? []).map((key) => ({ key, value: 0, remove: true })),
  ]
}

async function send(
  call: AdminCall,
  items: readonly ClientQuotaChanges[],
  validateOnly: boolean,
): Promise<ReadonlyMap<ClientQuotaChanges, Outcome<object>>> {
  const entries = items.map((item) => ({ entity: entityParts(item.entity), ops: operations(item) }))
  const body = { entries, validateOnly }
  const response = await request(call, { kind: 'controller' }, alterClientQuotasApi, body, {
    errorOf: (answer) => notController(answer.entries),
  })
  const byName = new Map(items.map((item) => [describeEntity(item.entity), item]))
  const outcomes = new Map<ClientQuotaChanges, Outcome<object>>()
  for (const answer of response.entries) {
    const entity = Object.fromEntries(answer.entity.map((part) => [part.entityType, part.entityName]))
    const name = describeEntity(entity)
    const item = byName.get(name)
    if (item === undefined) continue
    const context = { api: alterClientQuotasApi.name }
    outcomes.set(
      item,
      outcomeOf(answer, `Quotas of ${name} were not changed`, context, () => ({})),
    )
  }
  return outcomes
}
