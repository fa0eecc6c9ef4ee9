import * as z from 'zod/mini'
import type { RequestTarget } from '../cluster/cluster'
import { describeConfigsApi, type DescribeConfigsResponse } from '../wire/generated/client/describe-configs'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  configEntry,
  configSource,
  configType,
  type ConfigEntry,
  type ConfigSource,
  type ConfigType,
} from './config-entries'
import {
  describeResource,
  planByNode,
  requireResourceNames,
  resourceFields,
  resourceOutcomes,
  resourceTypeCodes,
  type ConfigResource,
  type ConfigResourceType,
} from './config-resource'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { codes, runItems } from './item-runner'
import { outcomeOf } from './shards'

/** A resource whose configs are asked for. */
export interface ConfigsQuery extends ConfigResource {
  /** The configs to describe. Default: all. */
  readonly configNames?: readonly string[]
}

/** One of the places a config's value may come from, the first that is set wins. */
export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

/** A described config. */
export interface DescribedConfig extends ConfigEntry {
  /** `unknown` before Kafka 2.6. */
  readonly type: ConfigType
  /** Empty unless `includeSynonyms` was set. */
  readonly synonyms: readonly ConfigSynonym[]
  /** Null unless `includeDocumentation` was set, and before Kafka 2.6. */
  readonly documentation: string | null
}

/** A resource and its configs by name. */
export interface ConfigsDescription {
  readonly type: ConfigResourceType
  readonly name: string
  readonly configs: Readonly<Record<string, DescribedConfig>>
}

export interface DescribeConfigsOptions extends AdminCallOptions {
  /** Default: false. */
  readonly includeSynonyms?: boolean
  /** Default: false. */
  readonly includeDocumentation?: boolean
}

/** The options of `describeConfigs` as they are checked. */
export const describeConfigsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    includeSynonyms: z._default(z.boolean(), false),
    includeDocumentation: z._default(z.boolean(), false),
  }),
)

const itemSchema = z.lazy(() =>
  z.strictObject({
    ...resourceFields,
    configNames: z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1))),
  }),
)

type Options = z.output<typeof describeConfigsOptions>
type Configs = Pick<ConfigsDescription, 'configs'>
type Item = ConfigsQuery

/** DescribeConfigs tells types and documentation since this version (Kafka 2.6). */
const documentationVersion = 3

/**
 * Kafka: `Admin.describeConfigs`, API DescribeConfigs: configs of one broker or its loggers from that very broker,
 * all others from any.
 */
export async function describeConfigs(
  call: AdminCall,
  resources: readonly Item[],
  options: Options,
): Promise<ItemResult<ConfigsDescription, 'type' | 'name'>[]> {
  const items = parseItems('describeConfigs', 'resources', itemSchema, resources, describeResource)
  requireResourceNames('describeConfigs', items)
  const outcomes = await runItems<Item, Configs>(call, items, {
    plan: (open) => planByNode(call, open, (target, shard) => send(call, target, shard, options)),
    retried: codes('REQUEST_TIMED_OUT'),
  })
  return itemResults(items, outcomes, ({ type, name }) => ({ type, name }))
}

async function send(
  call: AdminCall,
  target: RequestTarget,
  items: readonly Item[],
  options: Options,
): Promise<ReadonlyMap<Item, Outcome<Configs>>> {
  const response = await request(call, target, describeConfigsApi, (version) => ({
    resources: items.map(({ type, name, configNames }) => ({
      resourceType: resourceTypeCodes[type],
      resourceName: name,
      configurationKeys: configNames ?? null,
    })),
    includeSynonyms: options.includeSynonyms,
    ...(version >= documentationVersion ? { includeDocumentation: options.includeDocumentation } : {}),
  }))
  return resourceOutcomes(items, response.results, (item, answer) => {
    const what = `Configs of ${describeResource(item)} could not be described`
    const context = { api: describeConfigsApi.name }
    return outcomeOf(answer, what, context, () => ({ configs: describedConfigs(answer.configs) }))
  })
}

type ConfigAnswers = DescribeConfigsResponse['results'][number]['configs']

function describedConfigs(answers: ConfigAnswers): Record<string, DescribedConfig> {
  return Object.fromEntries(
    answers.map((answer) => [
      answer.name,
      {
        ...configEntry(answer),
        type: configType(answer.configType),
        synonyms: answer.synonyms.map(({ name, value, source }) => ({
          name,
          value,
          source: configSource(source),
        })),
        documentation: answer.documentation,
      },
    ]),
  )
}
