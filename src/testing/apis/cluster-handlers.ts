import { ClientTelemetry } from '../telemetry/client-telemetry'
import type { ApiHandler } from '../contracts/api-handler'
import { alterConfigsHandler } from './alter-configs'
import { apiVersionsHandler } from './api-versions'
import type { ConfigServices } from './config-services'
import { createPartitionsHandler } from './create-partitions'
import { createTopicsHandler } from './create-topics'
import { deleteTopicsHandler } from './delete-topics'
import { describeClusterHandler } from './describe-cluster'
import { describeConfigsHandler } from './describe-configs'
import { describeTopicPartitionsHandler } from './describe-topic-partitions'
import { findCoordinatorHandler } from './find-coordinator'
import { getTelemetrySubscriptionsHandler } from './get-telemetry-subscriptions'
import { incrementalAlterConfigsHandler } from './incremental-alter-configs'
import { listConfigResourcesHandler } from './list-config-resources'
import { metadataHandler } from './metadata'
import { pushTelemetryHandler } from './push-telemetry'
import { updateFeaturesHandler } from './update-features'

/**
 * The handlers for the cluster itself: versions, metadata, topics, coordinators, configs, features, telemetry.
 * @param telemetry takes the clients' metrics; whether they may send any is the release's to say
 */
export function clusterHandlers(
  services: ConfigServices,
  telemetry: ClientTelemetry = new ClientTelemetry(services),
): readonly ApiHandler[] {
  return [
    apiVersionsHandler(services),
    metadataHandler(services),
    describeClusterHandler(services),
    describeTopicPartitionsHandler(services),
    findCoordinatorHandler(services),
    createTopicsHandler(services),
    deleteTopicsHandler(services),
    createPartitionsHandler(services),
    describeConfigsHandler(services),
    alterConfigsHandler(services),
    incrementalAlterConfigsHandler(services),
    listConfigResourcesHandler(services),
    updateFeaturesHandler(services),
    getTelemetrySubscriptionsHandler(telemetry),
    pushTelemetryHandler(telemetry),
  ]
}
