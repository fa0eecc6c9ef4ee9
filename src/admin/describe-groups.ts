import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { BrokerError } from '../base/errors'
import type { AdminCall } from './admin-call'
import { groupIdSchema, parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { describeClassicGroups } from './describe-classic-groups'
import { describeConsumerGroups } from './describe-consumer-groups'
import { describeShareGroups } from './describe-share-groups'
import { describeStreamsGroups } from './describe-streams-groups'
import type { DescribedGroups, GroupDescriber } from './group-describer'
import type { DescribedGroup, GroupDescription } from './group-types'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { coordinatorCall } from './shards'

export interface DescribeGroupsOptions extends AdminCallOptions {
  /** Asks what this client may do with each group; needs Kafka 2.3. Default: false. */
  readonly includeAuthorizedOperations?: boolean
}

/** The options of `describeGroups` as they are checked. */
export const describeGroupsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    includeAuthorizedOperations: z._default(z.boolean(), false),
  }),
)

/**
 * Kafka: `Admin.describeConsumerGroups`, `describeClassicGroups`, `describeShareGroups` and `describeStreamsGroups`. API
 * ConsumerGroupDescribe (KIP-848) first, then DescribeGroups for the groups it does not know, then ShareGroupDescribe
 * (KIP-932) and StreamsGroupDescribe (KIP-1071) for what is left, to the coordinator of each group. A group that does not
 * exist is GROUP_ID_NOT_FOUND on all brokers, also on those that describe it as a dead group without members.
 */
export async function describeGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: z.output<typeof describeGroupsOptions>,
): Promise<ItemResult<GroupDescription, 'groupId'>[]> {
  const items = parseItems('describeGroups', 'groupIds', groupIdSchema, groupIds, (id) => `group '${id}'`)
  const outcomes = await runItems<string, DescribedGroup>(
    call,
    items,
    coordinatorCall(
      call,
      (groupId) => groupId,
      (nodeId, shard) => describe(call, nodeId, shard, options.includeAuthorizedOperations),
    ),
  )
  return itemResults(items, outcomes, (groupId) => ({ groupId }))
}

/** The most usual kinds first: each is asked only for what those before it do not know. */
const describers: readonly GroupDescriber[] = [
  describeConsumerGroups,
  describeClassicGroups,
  describeShareGroups,
  describeStreamsGroups,
]

async function describe(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  withOperations: boolean,
): Promise<DescribedGroups> {
  const described = new Map<string, Outcome<DescribedGroup>>()
  for (const describer of describers) {
    const open = groupIds.filter((groupId) => isOfOtherKind(described.get(groupId)))
    if (open.length === 0) break
    for (const [groupId, outcome] of await describer(call, nodeId, open, withOperations)) {
      if (!described.has(groupId) || !has(outcome, ErrorCode.UNSUPPORTED_VERSION)) {
        described.set(groupId, outcome)
      }
    }
  }
  return described
}

/** Brokers that know the API but have the protocol switched off answer UNSUPPORTED_VERSION per group. */
function isOfOtherKind(outcome: Outcome<DescribedGroup> | undefined): boolean {
  if (outcome === undefined) return true
  return has(outcome, ErrorCode.GROUP_ID_NOT_FOUND) || has(outcome, ErrorCode.UNSUPPORTED_VERSION)
}

function has(outcome: Outcome<DescribedGroup>, errorCode: number): boolean {
  return 'error' in outcome && outcome.error instanceof BrokerError && outcome.error.errorCode === errorCode
}
