import type { ApiHandler } from '../contracts/api-handler'
import type { ClientQuotas } from '../security/client-quotas'
import type { ClusterSecurity } from '../security/cluster-security'
import type { Authorizer } from '../contracts/security'
import { alterClientQuotasHandler } from './alter-client-quotas'
import { alterUserScramCredentialsHandler } from './alter-user-scram-credentials'
import { createAclsHandler } from './create-acls'
import { createDelegationTokenHandler } from './create-delegation-token'
import { deleteAclsHandler } from './delete-acls'
import { describeAclsHandler } from './describe-acls'
import { describeClientQuotasHandler } from './describe-client-quotas'
import { describeDelegationTokenHandler } from './describe-delegation-token'
import { describeUserScramCredentialsHandler } from './describe-user-scram-credentials'
import { expireDelegationTokenHandler } from './expire-delegation-token'
import { renewDelegationTokenHandler } from './renew-delegation-token'
import { saslAuthenticateHandler } from './sasl-authenticate'
import { saslHandshakeHandler } from './sasl-handshake'

/** What the handlers of security need of the cluster. */
export interface SecurityApiServices {
  readonly authorizer: Authorizer
  readonly quotas: ClientQuotas
}

/** What answers the APIs of authentication, ACLs, credentials, delegation tokens and quotas. */
export function securityHandlers(
  services: SecurityApiServices,
  security: ClusterSecurity,
): readonly ApiHandler[] {
  const { acls, credentials } = security
  return [
    saslHandshakeHandler(),
    saslAuthenticateHandler(),
    describeAclsHandler(services, acls),
    createAclsHandler(services, acls),
    deleteAclsHandler(services, acls),
    describeUserScramCredentialsHandler(services, credentials),
    alterUserScramCredentialsHandler(services, credentials),
    describeClientQuotasHandler(services, services.quotas),
    alterClientQuotasHandler(services, services.quotas),
    createDelegationTokenHandler(),
    renewDelegationTokenHandler(),
    expireDelegationTokenHandler(),
    describeDelegationTokenHandler(),
  ]
}
