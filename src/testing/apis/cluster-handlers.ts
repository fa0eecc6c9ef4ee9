import type { ApiHandler } from '../node/api-handler'
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
import { incrementalAlterConfigsHandler } from './incremental-alter-configs'
import { listConfigResourcesHandler } from './list-config-resources'
import { metadataHandler } from './metadata'
import { updateFeaturesHandler } from './update-features'

/** The handlers for the cluster itself: versions, metadata, topics, coordinators, configs, features. */
export function clusterHandlers(services: ConfigServices): readonly ApiHandler[] {
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
  ]
}
