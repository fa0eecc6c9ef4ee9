import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { leaveGroupApi } from '../wire/generated/client/leave-group'
import { attempt, type AdminCall } from './admin-call'
import { groupIdSchema, parseArgument, parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { describeGroups } from './describe-groups'
import { itemResults, requireAll, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, coordinatorCall, outcomeOf } from './shards'

/** Names a member: a static one by its instance id (KIP-345), any by its member id. */
export type MemberToRemove = { readonly groupInstanceId: string } | { readonly memberId: string }

/** A member that was taken out of its group. */
export interface RemovedMember {
  /** Empty where the member was named by its instance id. */
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface RemoveMembersFromGroupOptions extends AdminCallOptions {
  /** Why, for the log of the broker (Kafka 3.2). Default: none. */
  readonly reason?: string
}

/** The options of `removeMembersFromGroup` as they are checked. */
export const removeMembersFromGroupOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    reason: z.optional(z.string().check(z.maxLength(255))),
  }),
)

const memberSchema = z.lazy(() =>
  z.union(
    [
      z.strictObject({ groupInstanceId: z.string().check(z.minLength(1)) }),
      z.strictObject({ memberId: z.string().check(z.minLength(1)) }),
    ],
    'must have either a groupInstanceId or a memberId',
  ),
)

type Options = z.output<typeof removeMembersFromGroupOptions>

/** Before it a request names one member, by its member id. */
const manyMembersVersion = 3

/**
 * Kafka: `Admin.removeMembersFromConsumerGroup` (KIP-345), API LeaveGroup, to the group's coordinator. `all` are those
 * that the group has when it is asked. A member that goes on running joins again.
 */
export async function removeMembersFromGroup(
  call: AdminCall,
  groupId: string,
  members: readonly MemberToRemove[] | 'all',
  { reason }: Options,
): Promise<ItemResult<RemovedMember, 'memberId' | 'groupInstanceId'>[]> {
  const what = 'removeMembersFromGroup'
  parseArgument(what, 'groupId', groupIdSchema, groupId)
  const items =
    members === 'all'
      ? await allMembers(call, groupId)
      : parseItems(what, 'members', memberSchema, members, (member) => describeMember(identity(member))).map(
          identity,
        )
  const outcomes = await runItems<RemovedMember, object>(
    call,
    items,
    coordinatorCall(
      call,
      () => groupId,
      (nodeId, shard) => send(call, nodeId, groupId, shard, reason ?? null),
    ),
  )
  return itemResults(items, outcomes, ({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId }))
}

/** `member 'a-1'`, for messages. */
export function describeMember({ memberId, groupInstanceId }: RemovedMember): string {
  return groupInstanceId === null ? `member '${memberId}'` : `instance '${groupInstanceId}'`
}

function identity(member: MemberToRemove): RemovedMember {
  return 'memberId' in member
    ? { memberId: member.memberId, groupInstanceId: null }
    : { memberId: '', groupInstanceId: member.groupInstanceId }
}

/** A static member is named by its instance id: the process may have come back under another member id meanwhile. */
async function allMembers(call: AdminCall, groupId: string): Promise<readonly RemovedMember[]> {
  const results = await describeGroups(call, [groupId], { partial: true, includeAuthorizedOperations: false })
  const [group] = requireAll('removeMembersFromGroup', results, () => `group '${groupId}'`)
  return (group?.members ?? []).map(({ memberId, groupInstanceId }) =>
    groupInstanceId === null ? { memberId, groupInstanceId } : { memberId: '', groupInstanceId },
  )
}

async function send(
  call: AdminCall,
  nodeId: number,
  groupId: string,
  items: readonly RemovedMember[],
  reason: string | null,
): Promise<ReadonlyMap<RemovedMember, Outcome<object>>> {
  const what = 'The member was not removed'
  const context = { api: leaveGroupApi.name, groupId, nodeId }
  const body = { groupId, members: items.map((member) => ({ ...member, reason })) }
  const response = await attempt(call, nodeId, leaveGroupApi, body, { minVersion: manyMembersVersion })
  if (response.errorCode !== ErrorCode.NONE) throw brokerError(response, what, context)
  const byName = new Map(items.map((item) => [describeMember(item), item]))
  const outcomes = new Map<RemovedMember, Outcome<object>>()
  for (const answer of response.members) {
    const { memberId, groupInstanceId } = answer
    // Brokers answer with the member id that a static member has.
    const item = byName.get(describeMember({ memberId, groupInstanceId: groupInstanceId || null }))
    if (item === undefined) continue
    outcomes.set(
      item,
      outcomeOf(answer, what, context, () => ({})),
    )
  }
  return outcomes
}
