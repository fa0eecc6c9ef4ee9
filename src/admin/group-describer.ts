import { UnsupportedVersionError } from '../base/errors'
import type { ResponseError } from '../cluster/cluster'
import type { ClientApi } from '../wire/api'
import { attempt, type AdminCall } from './admin-call'
import type { DescribedGroup } from './group-types'
import type { Outcome } from './item-result'
import { outcomeOf } from './shards'

/** Asks the coordinator for groups of one kind; groups of other kinds are GROUP_ID_NOT_FOUND. */
export type GroupDescriber = (
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
) => Promise<DescribedGroups>

/** What became of each group. */
export type DescribedGroups = ReadonlyMap<string, Outcome<DescribedGroup>>

interface DescribeRequest {
  readonly groupIds: readonly string[]
  readonly includeAuthorizedOperations: boolean
}

interface GroupAnswer extends ResponseError {
  readonly groupId: string
}

/** Describes groups of the kind that has this API for itself. Brokers without the API have no such groups. */
export function groupDescriber<Answer extends GroupAnswer>(
  api: ClientApi<DescribeRequest, { readonly groups: readonly Answer[] }>,
  describe: (answer: Answer, coordinator: number) => DescribedGroup,
): GroupDescriber {
  return async (call, nodeId, groupIds, includeAuthorizedOperations) => {
    try {
      const { groups } = await attempt(call, nodeId, api, { groupIds, includeAuthorizedOperations })
      return describedGroups(groups, api.name, nodeId, describe)
    } catch (error) {
      if (error instanceof UnsupportedVersionError) return new Map()
      throw error
    }
  }
}

/** Each group's description, or the error that it was answered with. */
export function describedGroups<Answer extends GroupAnswer>(
  answers: readonly Answer[],
  api: string,
  nodeId: number,
  describe: (answer: Answer, coordinator: number) => DescribedGroup,
): DescribedGroups {
  return new Map(
    answers.map((answer) => {
      const { groupId } = answer
      const context = { api, groupId, nodeId }
      const outcome = outcomeOf(answer, 'The group could not be described', context, () =>
        describe(answer, nodeId),
      )
      return [groupId, outcome]
    }),
  )
}
