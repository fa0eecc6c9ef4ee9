import {
  alterConfigsApi,
  type AlterConfigsRequest,
  type AlterConfigsResponse,
} from '../../wire/generated/broker/alter-configs'
import { ConfigAlterer } from '../configs/config-alterer'
import { ConfigResourceType } from '../contracts/config-store'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { alterEach } from './alter-config-resources'
import type { ConfigServices } from './config-services'

/** Replaces all that is set for a resource; IncrementalAlterConfigs took its place (KIP-339). */
export function alterConfigsHandler(
  services: ConfigServices,
): ApiHandler<AlterConfigsRequest, AlterConfigsResponse> {
  const alterer = new ConfigAlterer(services.configs, services)
  return handler(alterConfigsApi, (request, context) => ({
    throttleTimeMs: context.throttleMs,
    responses: alterEach(
      request.resources.map(({ configs, ...resource }) => ({
        ...resource,
        changes: configs.map(({ name, value }) => ({ name, operation: 0, value })),
      })),
      services,
      context,
      ({ resourceType, resourceName, changes }) => {
        if (resourceType === ConfigResourceType.brokerLogger) {
          throw fail('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
        }
        const configs = new Map(changes.map(({ name, value }) => [name, value ?? '']))
        alterer.replace({ type: resourceType, name: resourceName }, configs, request.validateOnly)
      },
    ),
  }))
}
