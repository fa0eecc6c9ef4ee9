import type { ApiHandler } from '../node/api-handler'
import type { Services } from '../services'
import { apiVersionsHandler } from './api-versions'
import { createTopicsHandler } from './create-topics'
import { findCoordinatorHandler } from './find-coordinator'
import { metadataHandler } from './metadata'

/** The handlers for the cluster itself: versions, metadata, topics, coordinators, configs, features, telemetry. */
export function clusterHandlers(services: Services): readonly ApiHandler[] {
  return [
    apiVersionsHandler(services),
    metadataHandler(services),
    findCoordinatorHandler(services),
    createTopicsHandler(services),
  ]
}
