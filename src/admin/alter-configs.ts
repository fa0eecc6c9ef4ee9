import * as z from 'zod/mini'
import type { RequestTarget } from '../cluster/cluster'
import { alterConfigsApi } from '../wire/generated/client/alter-configs'
import { request, type AdminCall } from './admin-call'
import { configValueSchema, parseItems } from './arguments'
import {
  changedOutcomes,
  describeResource,
  planByNode,
  requireResourceNames,
  resourceFields,
  resourceTypeCodes,
  type ConfigResource,
} from './config-resource'
import type { AlteredConfigs, incrementalAlterConfigsOptions } from './incremental-alter-configs'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { controllerRetries, notController } from './shards'

/** All configs that a resource shall have of its own. */
export interface NewConfigs extends ConfigResource {
  /** What is not named here goes back to its default. */
  readonly configs: Readonly<Record<string, string | number | bigint | boolean>>
}

const newConfigsSchema = z.lazy(() =>
  z.strictObject({
    ...resourceFields,
    configs: z.record(z.string(), configValueSchema),
  }),
)

/**
 * Kafka: `Admin.alterConfigs`, which Java's client no longer has since 4.0 and brokers still serve; API AlterConfigs,
 * routed as `incrementalAlterConfigs`.
 */
export async function alterConfigs(
  call: AdminCall,
  resources: readonly NewConfigs[],
  { validateOnly }: z.output<typeof incrementalAlterConfigsOptions>,
): Promise<ItemResult<AlteredConfigs, 'type' | 'name'>[]> {
  const what = 'alterConfigs'
  const items: readonly NewConfigs[] = parseItems(
    what,
    'resources',
    newConfigsSchema,
    resources,
    describeResource,
  )
  requireResourceNames(what, items)
  const outcomes = await runItems<NewConfigs, object>(call, items, {
    plan: (open) => planByNode(call, open, (target, shard) => send(call, target, shard, validateOnly)),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ type, name }) => ({ type, name }))
}

async function send(
  call: AdminCall,
  target: RequestTarget,
  items: readonly NewConfigs[],
  validateOnly: boolean,
): Promise<ReadonlyMap<NewConfigs, Outcome<object>>> {
  const resources = items.map(({ type, name, configs }) => ({
    resourceType: resourceTypeCodes[type],
    resourceName: name,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
  }))
  const response = await request(
    call,
    target,
    alterConfigsApi,
    { resources, validateOnly },
    { errorOf: (answer) => notController(answer.responses) },
  )
  return changedOutcomes(items, response.responses, alterConfigsApi.name)
}
