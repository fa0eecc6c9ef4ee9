import { deleteAclsApi, type DeleteAclsResponse } from '../wire/generated/client/delete-acls'
import { aclFilterSchema, describeFilter, filterRequest, type AclFilter } from './acl-filter'
import { aclBinding, describeAcl, type AclBinding } from './acl-types'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, controllerRetries, notController, oneShard, outcomeOf } from './shards'

/** What one filter found and deleted. */
export interface DeletedAcls {
  readonly filter: AclFilter
  /** Empty when it found none; an ACL that two filters find is told by the first. */
  readonly acls: readonly AclBinding[]
}

type Deleted = Pick<DeletedAcls, 'acls'>
type FilterAnswer = DeleteAclsResponse['filterResults'][number]

/**
 * Kafka: `Admin.deleteAcls`, API DeleteAcls, to any broker, which forwards it. When an answer is lost the filters are
 * sent again: the ACLs are gone in the end, but those of the first attempt are not in the result.
 */
export async function deleteAcls(
  call: AdminCall,
  filters: readonly AclFilter[],
): Promise<ItemResult<DeletedAcls, 'filter'>[]> {
  const items = parseItems('deleteAcls', 'filters', aclFilterSchema, filters, describeFilter)
  const outcomes = await runItems<AclFilter, Deleted>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, (filter) => ({ filter }))
}

async function send(
  call: AdminCall,
  filters: readonly AclFilter[],
): Promise<ReadonlyMap<AclFilter, Outcome<Deleted>>> {
  const body = { filters: filters.map(filterRequest) }
  const response = await request(call, { kind: 'any' }, deleteAclsApi, body, {
    errorOf: (answer) => notController(answer.filterResults),
  })
  const outcomes = new Map<AclFilter, Outcome<Deleted>>()
  // Answers have no names: they come in the order of the request.
  for (const [index, filter] of filters.entries()) {
    const answer = response.filterResults[index]
    if (answer !== undefined) outcomes.set(filter, outcome(answer))
  }
  return outcomes
}

/** A filter fails when one of the ACLs it found could not be deleted. */
function outcome(answer: FilterAnswer): Outcome<Deleted> {
  const context = { api: deleteAclsApi.name }
  const refused = answer.matchingAcls.find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) {
    return {
      error: brokerError(refused, `The ACL '${describeAcl(aclBinding(refused))}' was not deleted`, context),
    }
  }
  return outcomeOf(answer, 'ACLs were not deleted', context, () => ({
    acls: answer.matchingAcls.map(aclBinding),
  }))
}
