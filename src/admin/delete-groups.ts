import { deleteGroupsApi } from '../wire/generated/client/delete-groups'
import { attempt, type AdminCall } from './admin-call'
import { groupIdSchema, parseItems } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { coordinatorCall, outcomeOf } from './shards'

/** A group that was deleted, with all its offsets. */
export interface DeletedGroup {
  readonly groupId: string
}

/** Kafka: `Admin.deleteConsumerGroups`, API DeleteGroups, to the coordinator of each group. */
export async function deleteGroups(
  call: AdminCall,
  groupIds: readonly string[],
): Promise<ItemResult<DeletedGroup, 'groupId'>[]> {
  const items = parseItems('deleteGroups', 'groupIds', groupIdSchema, groupIds, (id) => `group '${id}'`)
  const outcomes = await runItems<string, DeletedGroup>(
    call,
    items,
    coordinatorCall(
      call,
      (groupId) => groupId,
      (nodeId, shard) => send(call, nodeId, shard),
    ),
  )
  return itemResults(items, outcomes, (groupId) => ({ groupId }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, Outcome<DeletedGroup>>> {
  const response = await attempt(call, nodeId, deleteGroupsApi, { groupsNames: groupIds })
  return new Map(
    response.results.map((answer) => {
      const { groupId } = answer
      const context = { api: deleteGroupsApi.name, groupId, nodeId }
      return [groupId, outcomeOf(answer, 'The group was not deleted', context, () => ({ groupId }))]
    }),
  )
}
