import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { BrokerError, UnsupportedVersionError } from '../base/errors'
import type { AdminCall } from './admin-call'
import { groupIdSchema, parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { describeClassicGroups } from './describe-classic-groups'
import { describeConsumerGroups } from './describe-consumer-groups'
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
 * Kafka: `Admin.describeConsumerGroups` and `describeClassicGroups`. API ConsumerGroupDescribe (KIP-848) first, then
 * DescribeGroups for the groups it does not know, to the coordinator of each group. A group that does not exist is
 * GROUP_ID_NOT_FOUND on all brokers, also on those that describe it as a dead group without members.
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

type Described = ReadonlyMap<string, Outcome<DescribedGroup>>

async function describe(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  withOperations: boolean,
): Promise<Described> {
  const described = await describeNewProtocol(call, nodeId, groupIds, withOperations)
  const classic = groupIds.filter((groupId) => isNotOfNewProtocol(described.get(groupId)))
  if (classic.length === 0) return described
  return new Map([...described, ...(await describeClassicGroups(call, nodeId, classic, withOperations))])
}

async function describeNewProtocol(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  withOperations: boolean,
): Promise<Described> {
  try {
    return await describeConsumerGroups(call, nodeId, groupIds, withOperations)
  } catch (error) {
    if (error instanceof UnsupportedVersionError) return new Map()
    throw error
  }
}

/** Brokers that know the API but have the protocol switched off answer UNSUPPORTED_VERSION per group. */
function isNotOfNewProtocol(outcome: Outcome<DescribedGroup> | undefined): boolean {
  if (outcome === undefined) return true
  if (!('error' in outcome) || !(outcome.error instanceof BrokerError)) return false
  const { errorCode } = outcome.error
  return errorCode === ErrorCode.GROUP_ID_NOT_FOUND || errorCode === ErrorCode.UNSUPPORTED_VERSION
}
