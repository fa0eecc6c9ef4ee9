import {
  incrementalAlterConfigsApi,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from '../../wire/generated/broker/incremental-alter-configs'
import { ConfigAlterer } from '../configs/config-alterer'
import { ConfigResourceType } from '../contracts/config-store'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { alterEach } from './alter-config-resources'
import type { ConfigServices } from './config-services'

/** Sets, deletes, appends to and subtracts from configs (KIP-339); each resource on its own. */
export function incrementalAlterConfigsHandler(
  services: ConfigServices,
): ApiHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> {
  const alterer = new ConfigAlterer(services.configs, services)
  return handler(incrementalAlterConfigsApi, (request, context) => ({
    throttleTimeMs: context.throttleMs,
    responses: alterEach(
      request.resources.map(({ configs, ...resource }) => ({
        ...resource,
        changes: configs.map(({ name, configOperation, value }) => ({
          name,
          operation: configOperation,
          value,
        })),
      })),
      services,
      context,
      ({ resourceType, resourceName, changes }) => {
        if (resourceType === ConfigResourceType.brokerLogger) {
          services.configs.loggers(context.broker.id).alter(changes, request.validateOnly)
        } else {
          alterer.incremental({ type: resourceType, name: resourceName }, changes, request.validateOnly)
        }
      },
    ),
  }))
}
