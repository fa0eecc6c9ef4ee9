import type { ConfigResourceType, ConfigsDescription, ConfigSource as CoreSource } from '../../index'
import { ConfigResourceTypes, ConfigSource } from '../enums'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { Admin, ConfigEntries, DescribeConfigResponse, IResourceConfig } from '../types/admin'
import { requireAlteredResources, requireDescribedResources } from './admin-checks'
import type { RunAdmin } from './admin-session'

type ConfigOperations = Pick<Admin, 'describeConfigs' | 'alterConfigs'>

/** What an admin does with configs. */
export function configOperations(run: RunAdmin): ConfigOperations {
  return {
    describeConfigs: async ({ resources, includeSynonyms = false }) => {
      requireDescribedResources(resources)
      const queries = resources.map(({ type, name, configNames }) => ({
        type: resourceTypeOf(type),
        name,
        ...(configNames && { configNames }),
      }))
      const described = await run((admin) => admin.describeConfigs(queries, { includeSynonyms }))
      // The time of a throttle is declared, and not there at run time.
      return { resources: described.map(describedResource) } as DescribeConfigResponse
    },

    /** Changes what is listed, and leaves the rest as it is. */
    alterConfigs: async ({ resources, validateOnly = false }) => {
      requireAlteredResources(resources)
      await run((admin) => admin.incrementalAlterConfigs(resources.map(changesOf), { validateOnly }))
      return {
        resources: resources.map(({ type, name }) => ({
          errorCode: 0,
          errorMessage: null,
          resourceType: type,
          resourceName: name,
        })),
      }
    },
  }
}

const resourceTypes: Readonly<Record<number, ConfigResourceType>> = {
  [ConfigResourceTypes.TOPIC]: 'topic',
  [ConfigResourceTypes.BROKER]: 'broker',
  [ConfigResourceTypes.BROKER_LOGGER]: 'brokerLogger',
}

const resourceNumbers: Readonly<Partial<Record<ConfigResourceType, ConfigResourceTypes>>> = {
  topic: ConfigResourceTypes.TOPIC,
  broker: ConfigResourceTypes.BROKER,
  brokerLogger: ConfigResourceTypes.BROKER_LOGGER,
}

const sources: Readonly<Partial<Record<CoreSource, ConfigSource>>> = {
  topic: ConfigSource.TOPIC_CONFIG,
  dynamicBroker: ConfigSource.DYNAMIC_BROKER_CONFIG,
  dynamicDefaultBroker: ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG,
  staticBroker: ConfigSource.STATIC_BROKER_CONFIG,
  default: ConfigSource.DEFAULT_CONFIG,
  dynamicBrokerLogger: ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG,
}

const sourceOf = (source: CoreSource): ConfigSource => sources[source] ?? ConfigSource.UNKNOWN

function resourceTypeOf(type: ConfigResourceTypes): ConfigResourceType {
  const known = resourceTypes[type]
  if (known !== undefined) return known
  throw new KafkaJSNonRetriableError(`Resources of type ${type} have no configs`)
}

function changesOf({ type, name, configEntries }: IResourceConfig) {
  const set = Object.fromEntries(configEntries.map((entry) => [entry.name, entry.value]))
  return { type: resourceTypeOf(type), name, set }
}

function describedResource({ type, name, configs }: ConfigsDescription) {
  return {
    configEntries: Object.entries(configs).map(([configName, config]): ConfigEntries => ({
      configName,
      configValue: config.value as string,
      isDefault: config.isDefault,
      configSource: sourceOf(config.source),
      isSensitive: config.isSensitive,
      readOnly: config.isReadOnly,
      configSynonyms: config.synonyms.map((synonym) => ({
        configName: synonym.name,
        configValue: synonym.value as string,
        configSource: sourceOf(synonym.source),
      })),
    })),
    errorCode: 0,
    errorMessage: null as string | null as string,
    resourceName: name,
    resourceType: resourceNumbers[type] ?? ConfigResourceTypes.UNKNOWN,
  }
}
