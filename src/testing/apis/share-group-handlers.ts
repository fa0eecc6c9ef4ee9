import { ShareCoordinator } from '../groups/share/share-coordinator'
import type { ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { alterShareGroupOffsetsHandler } from './alter-share-group-offsets'
import { deleteShareGroupOffsetsHandler } from './delete-share-group-offsets'
import { describeShareGroupOffsetsHandler } from './describe-share-group-offsets'
import { shareAcknowledgeHandler } from './share-acknowledge'
import { shareFetchHandler } from './share-fetch'
import { shareGroupDescribeHandler } from './share-group-describe'
import { shareGroupHeartbeatHandler } from './share-group-heartbeat'

/** What answers the APIs of share groups. Called once a cluster. */
export function shareGroupHandlers(services: Services): readonly ApiHandler[] {
  const coordinator = new ShareCoordinator(services)
  return [
    shareGroupHeartbeatHandler(services, coordinator),
    shareGroupDescribeHandler(services, coordinator),
    shareFetchHandler(services, coordinator),
    shareAcknowledgeHandler(services, coordinator),
    describeShareGroupOffsetsHandler(services, coordinator),
    alterShareGroupOffsetsHandler(services, coordinator),
    deleteShareGroupOffsetsHandler(services, coordinator),
  ]
}
