import type { Release } from '../contracts/release'
import type { RequestContext } from '../contracts/api-handler'
import { operationsField } from './authorized-operations'
import type { AclResource, Authorizer } from '../contracts/security'

/** What a broker does without `authorizer.class.name`: everyone may do everything, and there are no ACLs. */
export class AllowAllAuthorizer implements Authorizer {
  readonly #services: { readonly release: Pick<Release, 'name'> }

  constructor(services: { readonly release: Pick<Release, 'name'> }) {
    this.#services = services
  }

  allows(): boolean {
    return true
  }

  allowsAny(): boolean {
    return true
  }

  authorizedOperations(_context: RequestContext, resource: AclResource): number {
    return operationsField(resource, this.#services.release.name, () => true)
  }
}
