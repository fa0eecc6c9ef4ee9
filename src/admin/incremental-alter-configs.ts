import * as z from 'zod/mini'
import type { RequestTarget } from '../cluster/cluster'
import { incrementalAlterConfigsApi } from '../wire/generated/client/incremental-alter-configs'
import { request, type AdminCall } from './admin-call'
import { configValueSchema, invalid, parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  changedOutcomes,
  describeResource,
  planByNode,
  requireResourceNames,
  resourceFields,
  resourceTypeCodes,
  type ConfigResource,
  type ConfigResourceType,
} from './config-resource'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { controllerRetries, notController } from './shards'

type ConfigValue = string | number | bigint | boolean

/** What to change of one resource's configs; configs that are not named stay as they are. */
export interface ConfigChanges extends ConfigResource {
  /** Values to set, such as `{ 'retention.ms': 86400000 }`. */
  readonly set?: Readonly<Record<string, ConfigValue>>
  /** Configs to give back to their default. Kafka: operation DELETE. */
  readonly unset?: readonly string[]
  /** Values to add to configs that hold a list. */
  readonly append?: Readonly<Record<string, ConfigValue>>
  /** Values to take out of configs that hold a list. */
  readonly subtract?: Readonly<Record<string, ConfigValue>>
}

/** A resource whose configs were changed. */
export interface AlteredConfigs {
  readonly type: ConfigResourceType
  readonly name: string
}

export interface IncrementalAlterConfigsOptions extends AdminCallOptions {
  /** Checks whether the changes could be made, and makes none. Default: false. */
  readonly validateOnly?: boolean
}

/** The options of `incrementalAlterConfigs` as they are checked. */
export const incrementalAlterConfigsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    validateOnly: z._default(z.boolean(), false),
  }),
)

const valuesSchema = z.optional(z.record(z.string(), configValueSchema))

const changesSchema = z.lazy(() =>
  z.strictObject({
    ...resourceFields,
    set: valuesSchema,
    unset: z.optional(z.array(z.string().check(z.minLength(1)))),
    append: valuesSchema,
    subtract: valuesSchema,
  }),
)

const operations = { set: 0, unset: 1, append: 2, subtract: 3 } as const

/**
 * Kafka: `Admin.incrementalAlterConfigs`, API IncrementalAlterConfigs: configs of one broker or its loggers to that
 * very broker, all others to any. All changes of one resource are made together or not at all.
 */
export async function incrementalAlterConfigs(
  call: AdminCall,
  changes: readonly ConfigChanges[],
  options: z.output<typeof incrementalAlterConfigsOptions>,
): Promise<ItemResult<AlteredConfigs, 'type' | 'name'>[]> {
  const what = 'incrementalAlterConfigs'
  const items = parseItems(what, 'changes', changesSchema, changes, describeResource)
  requireResourceNames(what, items)
  requireDistinctChanges(what, items)
  const outcomes = await runItems<ConfigChanges, object>(call, items, {
    plan: (open) =>
      planByNode(call, open, (target, shard) => send(call, target, shard, options.validateOnly)),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ type, name }) => ({ type, name }))
}

/** A broker refuses two changes of one config in one request, and one without a change does nothing. */
function requireDistinctChanges(what: string, items: readonly ConfigChanges[]): void {
  const problems = items.flatMap((item) => {
    const names = configChanges(item).map(({ name }) => name)
    if (names.length === 0) return [`${describeResource(item)} has nothing to set, unset, append or subtract`]
    const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index))
    return [...repeated].map((name) => `${describeResource(item)} changes '${name}' more than once`)
  })
  if (problems.length > 0) throw invalid(what, problems)
}

function configChanges({ set, unset, append, subtract }: ConfigChanges) {
  const change = (operation: number) => (entry: [string, ConfigValue]) => ({
    name: entry[0],
    configOperation: operation,
    value: String(entry[1]),
  })
  return [
    ...Object.entries(set ?? {}).map(change(operations.set)),
    ...(unset ?? []).map((name) => ({ name, configOperation: operations.unset, value: null })),
    ...Object.entries(append ?? {}).map(change(operations.append)),
    ...Object.entries(subtract ?? {}).map(change(operations.subtract)),
  ]
}

async function send(
  call: AdminCall,
  target: RequestTarget,
  items: readonly ConfigChanges[],
  validateOnly: boolean,
): Promise<ReadonlyMap<ConfigChanges, Outcome<object>>> {
  const body = {
    resources: items.map((item) => ({
      resourceType: resourceTypeCodes[item.type],
      resourceName: item.name,
      configs: configChanges(item),
    })),
    validateOnly,
  }
  const response = await request(call, target, incrementalAlterConfigsApi, body, {
    errorOf: (answer) => notController(answer.responses),
  })
  return changedOutcomes(items, response.responses, incrementalAlterConfigsApi.name)
}
