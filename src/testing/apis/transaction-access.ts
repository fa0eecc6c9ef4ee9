import type { RequestContext } from '../contracts/api-handler'
import { fail } from '../contracts/kafka-failure'
import type { Authorizer } from '../contracts/security'

/** What every request inside a transaction needs. @throws TRANSACTIONAL_ID_AUTHORIZATION_FAILED */
export function authorizeTransaction(
  { authorizer }: { readonly authorizer: Pick<Authorizer, 'allows'> },
  context: RequestContext,
  transactionalId: string,
): void {
  if (!authorizer.allows(context, 'Write', 'TransactionalId', transactionalId)) {
    throw fail('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
}
