import {
  syncGroupApi,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '../../wire/generated/broker/sync-group'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { admitMember, refusalCode, requireClassicProtocolGroup } from './group-access'

/**
 * SyncGroup 0 to 5. The leader brings everybody's assignment, the others wait for theirs.
 *
 * 3: static members · 5: protocol type and name have to be there, and to be those of the generation
 */
export function syncGroupHandler(services: Services): ApiHandler<SyncGroupRequest, SyncGroupResponse> {
  return handler(syncGroupApi, async (request, context) => {
    try {
      const lacksProtocol = request.protocolType === null || request.protocolName === null
      if (context.apiVersion >= 5 && lacksProtocol) throw fail('INCONSISTENT_GROUP_PROTOCOL')
      admitMember(services, context, request.groupId)
      const group = requireClassicProtocolGroup(services, request.groupId)
      return await group.classicSync(request, context)
    } catch (error) {
      return { errorCode: refusalCode(services, error), assignment: Buffer.alloc(0) }
    }
  })
}
