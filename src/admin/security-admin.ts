import { describeFilter, type AclFilter } from './acl-filter'
import { describeAcl, type AclBinding } from './acl-types'
import {
  alterClientQuotas,
  alterClientQuotasOptions,
  type AlterClientQuotasOptions,
  type AlteredClientQuotas,
  type ClientQuotaChanges,
} from './alter-client-quotas'
import {
  alterUserScramCredentials,
  type AlteredScramCredential,
  type ScramCredentialChange,
} from './alter-user-scram-credentials'
import { describeEntity, type QuotaEntity } from './client-quota-types'
import { describeClientQuotas, type ClientQuotas, type QuotaFilter } from './describe-client-quotas'
import { describeUserScramCredentials, type UserScramCredentials } from './describe-user-scram-credentials'
import { describeCredential } from './scram-types'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import { createAcls, type AclKey, type NewAcl } from './create-acls'
import {
  createDelegationToken,
  createDelegationTokenOptions,
  type CreateDelegationTokenOptions,
} from './create-delegation-token'
import type { DelegationToken, DelegationTokenExpiry } from './delegation-token-types'
import { deleteAcls, type DeletedAcls } from './delete-acls'
import { describeAcls } from './describe-acls'
import {
  describeDelegationTokens,
  describeDelegationTokensOptions,
  type DescribeDelegationTokensOptions,
} from './describe-delegation-tokens'
import {
  expireDelegationToken,
  expireDelegationTokenOptions,
  type ExpireDelegationTokenOptions,
} from './expire-delegation-token'
import {
  renewDelegationToken,
  renewDelegationTokenOptions,
  type RenewDelegationTokenOptions,
} from './renew-delegation-token'
import { TransactionAdmin } from './transaction-admin'
import type { ItemResult } from './item-result'

/** Who may do what, and how much of it: ACLs, quotas, passwords, tokens. */
export abstract class SecurityAdmin extends TransactionAdmin {
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

  /** The quotas of users, client ids and addresses that a filter finds; `{}` finds all. */
  describeClientQuotas(filter: QuotaFilter, options?: AdminCallOptions): Promise<ClientQuotas[]> {
    return this.call('describeClientQuotas', callOptionsSchema, options, (call) =>
      describeClientQuotas(call, filter),
    )
  }

  /** Sets and takes away quotas; those that are not named stay as they are. */
  alterClientQuotas(
    changes: readonly ClientQuotaChanges[],
    options: AlterClientQuotasOptions & PartialResults,
  ): Promise<ItemResult<AlteredClientQuotas, 'entity'>[]>
  alterClientQuotas(
    changes: readonly ClientQuotaChanges[],
    options?: AlterClientQuotasOptions,
  ): Promise<AlteredClientQuotas[]>
  alterClientQuotas(changes: readonly ClientQuotaChanges[], options?: AlterClientQuotasOptions) {
    const what = 'alterClientQuotas'
    return this.items(what, alterClientQuotasOptions, options, byEntity, (call, resolved) =>
      alterClientQuotas(call, changes, resolved),
    )
  }

  /** Which SCRAM credentials users have; `all` are all users that have one. */
  describeUserScramCredentials(
    users: readonly string[] | 'all',
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<UserScramCredentials, 'user'>[]>
  describeUserScramCredentials(
    users: readonly string[] | 'all',
    options?: AdminCallOptions,
  ): Promise<UserScramCredentials[]>
  describeUserScramCredentials(users: readonly string[] | 'all', options?: AdminCallOptions) {
    return this.items('describeUserScramCredentials', callOptionsSchema, options, byUser, (call) =>
      describeUserScramCredentials(call, users),
    )
  }

  /** Sets and deletes the SCRAM credentials that users log in with. */
  alterUserScramCredentials(
    changes: readonly ScramCredentialChange[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<AlteredScramCredential, 'user' | 'mechanism'>[]>
  alterUserScramCredentials(
    changes: readonly ScramCredentialChange[],
    options?: AdminCallOptions,
  ): Promise<AlteredScramCredential[]>
  alterUserScramCredentials(changes: readonly ScramCredentialChange[], options?: AdminCallOptions) {
    return this.items('alterUserScramCredentials', callOptionsSchema, options, describeCredential, (call) =>
      alterUserScramCredentials(call, changes),
    )
  }

  /** Makes a token that clients can log in with in place of a password. */
  createDelegationToken(options?: CreateDelegationTokenOptions): Promise<DelegationToken> {
    const what = 'createDelegationToken'
    return this.call(what, createDelegationTokenOptions, options, createDelegationToken)
  }

  /** Lets a token last longer. */
  renewDelegationToken(hmac: string, options?: RenewDelegationTokenOptions): Promise<DelegationTokenExpiry> {
    return this.call('renewDelegationToken', renewDelegationTokenOptions, options, (call, resolved) =>
      renewDelegationToken(call, hmac, resolved),
    )
  }

  /** Ends a token, at once or soon. */
  expireDelegationToken(
    hmac: string,
    options?: ExpireDelegationTokenOptions,
  ): Promise<DelegationTokenExpiry> {
    return this.call('expireDelegationToken', expireDelegationTokenOptions, options, (call, resolved) =>
      expireDelegationToken(call, hmac, resolved),
    )
  }

  /** The tokens that this client may see: its own, those it may renew, and those of users whose tokens it may describe. */
  describeDelegationTokens(options?: DescribeDelegationTokensOptions): Promise<DelegationToken[]> {
    const what = 'describeDelegationTokens'
    return this.call(what, describeDelegationTokensOptions, options, describeDelegationTokens)
  }
}

function byFilter({ filter }: { readonly filter: AclFilter }): string {
  return describeFilter(filter)
}

function byEntity({ entity }: { readonly entity: QuotaEntity }): string {
  return describeEntity(entity)
}

function byUser({ user }: { readonly user: string }): string {
  return `user '${user}'`
}
