import { ErrorCode } from '../../base/error-codes'
import {
  describeConfigsApi,
  type DescribeConfigsRequest,
  type DescribeConfigsRequestResource,
  type DescribeConfigsResponse,
  type DescribeConfigsResponseResourceResult,
  type DescribeConfigsResponseResult,
} from '../../wire/generated/broker/describe-configs'
import { checkTopicName } from '../cluster/topic-names'
import { ConfigResourceType } from '../contracts/config-store'
import type { DescribedConfig } from '../contracts/described-config'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { ConfigServices } from './config-services'
import { authorizeConfigs, isConfigResource } from './config-resources'

/** Tells configs with where their values come from (KIP-226). */
export function describeConfigsHandler(
  services: ConfigServices,
): ApiHandler<DescribeConfigsRequest, DescribeConfigsResponse> {
  return handler(describeConfigsApi, (request, context) => ({
    throttleTimeMs: context.throttleMs,
    results: request.resources.map((resource) => result(resource, request, context, services)),
  }))
}

function result(
  resource: DescribeConfigsRequestResource,
  request: DescribeConfigsRequest,
  context: RequestContext,
  services: ConfigServices,
): DescribeConfigsResponseResult {
  const { resourceType, resourceName, configurationKeys } = resource
  try {
    if (!isConfigResource(resourceType)) throw fail('INVALID_REQUEST', malformed)
    authorizeConfigs(services, context, 'DescribeConfigs', resource)
    const all = describe(resource, context, services)
    // An empty list of names asks for all, as null does.
    const wanted =
      configurationKeys === null || configurationKeys.length === 0 ? undefined : configurationKeys
    const configs = all.filter(({ name }) => wanted?.includes(name) ?? true)
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      resourceType,
      resourceName,
      configs: configs.map((config) => entry(config, request, context)),
    }
  } catch (error) {
    const errorMessage = errorMessageOf(error) ?? ''
    return { errorCode: errorCodeOf(error), errorMessage, resourceType, resourceName, configs: [] }
  }
}

const malformed =
  'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.'

function describe(
  { resourceType, resourceName }: DescribeConfigsRequestResource,
  { broker }: RequestContext,
  { configs, topics }: ConfigServices,
): DescribedConfig[] {
  const { describer } = configs
  switch (resourceType) {
    case ConfigResourceType.topic:
      checkTopicName(resourceName)
      if (topics.byName(resourceName) === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
      return describer.topic(resourceName, broker.id)
    case ConfigResourceType.broker:
      if (resourceName === '') return describer.brokerDefaults()
      checkBrokerId(resourceName, broker.id, 'or empty string, ')
      return describer.broker(broker.id)
    case ConfigResourceType.brokerLogger:
      if (resourceName === '') throw fail('INVALID_REQUEST', 'Broker id must not be empty')
      checkBrokerId(resourceName, broker.id, '')
      return configs.loggers(broker.id).describe()
    case ConfigResourceType.clientMetrics:
      if (resourceName !== '') return describer.clientMetrics(resourceName)
      throw fail('INVALID_REQUEST', 'Client metrics subscription name must not be empty')
    default:
      if (resourceName === '') throw fail('INVALID_REQUEST', 'Group name must not be empty')
      return describer.group(resourceName, broker.id)
  }
}

/** A broker tells its own configs only. */
function checkBrokerId(name: string, brokerId: number, orWhat: string): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw fail('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  if (Number(name) !== brokerId) {
    throw fail('INVALID_REQUEST', `Unexpected broker id, expected ${brokerId} ${orWhat}but received ${name}`)
  }
}

function entry(
  config: DescribedConfig,
  request: DescribeConfigsRequest,
  { apiVersion }: RequestContext,
): DescribeConfigsResponseResourceResult {
  return {
    name: config.name,
    value: config.value,
    readOnly: config.readOnly,
    configSource: config.source,
    isSensitive: config.isSensitive,
    synonyms: request.includeSynonyms ? config.synonyms : [],
    ...(apiVersion >= 3 ? { configType: config.type, documentation: null } : {}),
  }
}
