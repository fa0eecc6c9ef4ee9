import { describeFilter, type AclFilter } from './acl-filter'
import { describeAcl, type AclBinding } from './acl-types'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import { createAcls, type AclKey, type NewAcl } from './create-acls'
import { deleteAcls, type DeletedAcls } from './delete-acls'
import { describeAcls } from './describe-acls'
import { GroupAdmin } from './group-admin'
import type { ItemResult } from './item-result'

/** Who may do what: ACLs. */
export abstract class SecurityAdmin extends GroupAdmin {
  /** Adds rules of who may do what. One that exists already is no error. */
  createAcls(
    acls: readonly NewAcl[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<AclBinding, AclKey>[]>
  createAcls(acls: readonly NewAcl[], options?: AdminCallOptions): Promise<AclBinding[]>
  createAcls(acls: readonly NewAcl[], options?: AdminCallOptions) {
    return this.items('createAcls', callOptionsSchema, options, describeAcl, (call) => createAcls(call, acls))
  }

  /** The ACLs that a filter finds; `{}` finds all. */
  describeAcls(filter: AclFilter, options?: AdminCallOptions): Promise<AclBinding[]> {
    return this.call('describeAcls', callOptionsSchema, options, (call) => describeAcls(call, filter))
  }

  /** Deletes the ACLs that filters find, and tells per filter which those were. `[{}]` deletes all. */
  deleteAcls(
    filters: readonly AclFilter[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<DeletedAcls, 'filter'>[]>
  deleteAcls(filters: readonly AclFilter[], options?: AdminCallOptions): Promise<DeletedAcls[]>
  deleteAcls(filters: readonly AclFilter[], options?: AdminCallOptions) {
    return this.items('deleteAcls', callOptionsSchema, options, byFilter, (call) => deleteAcls(call, filters))
  }
}

function byFilter({ filter }: { readonly filter: AclFilter }): string {
  return describeFilter(filter)
}
