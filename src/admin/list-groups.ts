import * as z from 'zod/mini'
import { listGroupsApi, type ListGroupsResponse } from '../wire/generated/client/list-groups'
import { attempt, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  groupStates,
  groupTypes,
  parseGroupState,
  parseGroupType,
  type GroupState,
  type GroupType,
} from './group-types'
import { askAllBrokers } from './all-brokers'
import type { ItemResult, Outcome } from './item-result'
import { brokerError } from './shards'

/** One group of a listing. */
export interface GroupListing {
  readonly groupId: string
  /** `consumer`, `connect`, …; empty for groups that only store offsets. */
  readonly protocolType: string
  /** Null before Kafka 2.6. */
  readonly state: GroupState | null
  /** Null before Kafka 3.8. */
  readonly type: GroupType | null
}

/** The groups one broker coordinates. */
export interface BrokerGroups {
  readonly nodeId: number
  readonly groups: readonly GroupListing[]
}

export interface ListGroupsOptions extends AdminCallOptions {
  /** Only groups in these states; needs Kafka 2.6. Default: all. */
  readonly states?: readonly Exclude<GroupState, 'Unknown'>[]
  /** Only groups of these types; needs Kafka 3.8. Default: all. */
  readonly types?: readonly Exclude<GroupType, 'unknown'>[]
  /** Only groups of these protocol types, such as `consumer`. Default: all. */
  readonly protocolTypes?: readonly string[]
}

/** The options of `listGroups` as they are checked. */
export const listGroupsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    states: z.optional(z.array(z.enum(groupStates)).check(z.minLength(1))),
    types: z.optional(z.array(z.enum(groupTypes)).check(z.minLength(1))),
    protocolTypes: z.optional(z.array(z.string()).check(z.minLength(1))),
  }),
)

type Options = z.output<typeof listGroupsOptions>
type Groups = Pick<BrokerGroups, 'groups'>

const stateFilterVersion = 4
const typeFilterVersion = 5

/**
 * Kafka: `Admin.listGroups`, API ListGroups, to each broker: every broker tells the groups it coordinates, so a
 * listing is complete only when all have answered. When a broker leaves the cluster meanwhile, its groups move to
 * brokers that may have answered already: then all are asked again.
 */
export function listGroups(call: AdminCall, options: Options): Promise<ItemResult<BrokerGroups, 'nodeId'>[]> {
  return askAllBrokers(call, (nodeId) => send(call, nodeId, options))
}

/** One list of all brokers' groups, by group id. A group that moved during the listing is told by two brokers. */
export function mergeGroups(answers: readonly BrokerGroups[]): GroupListing[] {
  const groups = new Map(answers.flatMap((answer) => answer.groups).map((group) => [group.groupId, group]))
  return [...groups.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

async function send(call: AdminCall, nodeId: number, options: Options): Promise<Outcome<Groups>> {
  const { states, types } = options
  const response = await attempt(
    call,
    nodeId,
    listGroupsApi,
    { ...(states ? { statesFilter: states } : {}), ...(types ? { typesFilter: types } : {}) },
    { minVersion: types ? typeFilterVersion : states ? stateFilterVersion : 0 },
  )
  if (response.errorCode !== 0) {
    const context = { api: listGroupsApi.name, nodeId }
    return { error: brokerError(response, 'Groups could not be listed', context) }
  }
  const groups = response.groups
    .map(listing)
    .filter(({ protocolType }) => options.protocolTypes?.includes(protocolType) ?? true)
  return { value: { groups } }
}

function listing(answer: ListGroupsResponse['groups'][number]): GroupListing {
  const { groupId, protocolType, groupState, groupType } = answer
  return {
    groupId,
    protocolType,
    state: groupState === '' ? null : parseGroupState(groupState),
    type: groupType === '' ? null : parseGroupType(groupType),
  }
}
