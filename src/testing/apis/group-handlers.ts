import type { ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { deleteGroupsHandler } from './delete-groups'
import { describeGroupsHandler } from './describe-groups'
import { heartbeatHandler } from './heartbeat'
import { joinGroupHandler } from './join-group'
import { leaveGroupHandler } from './leave-group'
import { listGroupsHandler } from './list-groups'
import { offsetCommitHandler } from './offset-commit'
import { offsetDeleteHandler } from './offset-delete'
import { offsetFetchHandler } from './offset-fetch'
import { syncGroupHandler } from './sync-group'
import { txnOffsetCommitHandler } from './txn-offset-commit'

/** What answers the APIs of classic groups, of offsets, and of groups of any kind. */
export function groupHandlers(services: Services): readonly ApiHandler[] {
  return [
    joinGroupHandler(services),
    syncGroupHandler(services),
    heartbeatHandler(services),
    leaveGroupHandler(services),
    describeGroupsHandler(services),
    listGroupsHandler(services),
    deleteGroupsHandler(services),
    offsetCommitHandler(services),
    offsetFetchHandler(services),
    offsetDeleteHandler(services),
    txnOffsetCommitHandler(services),
  ]
}
