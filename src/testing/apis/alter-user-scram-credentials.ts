import { ErrorCode } from '../../base/error-codes'
import {
  alterUserScramCredentialsApi,
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsRequestScramCredentialDeletion,
  type AlterUserScramCredentialsRequestScramCredentialUpsertion,
  type AlterUserScramCredentialsResponse,
} from '../../wire/generated/broker/alter-user-scram-credentials'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import {
  maxScramIterations,
  minScramIterations,
  scramCredential,
  type ScramCredentials,
  type ScramMechanismName,
  scramMechanismNames,
  scramMechanisms,
} from '../security/scram-credentials'
import { clusterResource, type Authorizer } from '../contracts/security'

type Deletion = AlterUserScramCredentialsRequestScramCredentialDeletion
type Upsertion = AlterUserScramCredentialsRequestScramCredentialUpsertion

/** AlterUserScramCredentials: sets and deletes what SCRAM users log in with; all of one user's, or nothing. */
export function alterUserScramCredentialsHandler(
  services: { readonly authorizer: Authorizer },
  credentials: ScramCredentials,
): ApiHandler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse> {
  return handler(alterUserScramCredentialsApi, (request, context) => {
    const isAllowed = services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)
    const users = new Set([...request.deletions, ...request.upsertions].map((it) => it.name))
    const results = [...users].map((user) => {
      try {
        if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
        const deletions = request.deletions.filter((it) => it.name === user)
        const upsertions = request.upsertions.filter((it) => it.name === user)
        alterUser(credentials, deletions, upsertions)
        return { user, errorCode: ErrorCode.NONE, errorMessage: null }
      } catch (error) {
        return { user, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
      }
    })
    return { throttleTimeMs: context.throttleMs, results }
  })
}

function alterUser(
  credentials: ScramCredentials,
  deletions: readonly Deletion[],
  upsertions: readonly Upsertion[],
): void {
  for (const deletion of deletions) {
    if (!credentials.has(deletion.name, checkedMechanism(deletion))) {
      throw fail('RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist')
    }
  }
  for (const upsertion of upsertions) {
    checkedMechanism(upsertion)
    if (upsertion.iterations < minScramIterations) throw fail('UNACCEPTABLE_CREDENTIAL', 'Too few iterations')
    if (upsertion.iterations > maxScramIterations)
      throw fail('UNACCEPTABLE_CREDENTIAL', 'Too many iterations')
  }
  const mechanisms = [...deletions, ...upsertions].map((it) => it.mechanism)
  if (new Set(mechanisms).size < mechanisms.length) {
    throw fail('DUPLICATE_RESOURCE', 'A user credential cannot be altered twice in the same request')
  }
  for (const deletion of deletions) credentials.delete(deletion.name, checkedMechanism(deletion))
  for (const { name, mechanism, saltedPassword, salt, iterations } of upsertions) {
    const checked = checkedMechanism({ name, mechanism })
    // Copies: the request's bytes belong to the connection.
    const credential = scramCredential(checked, saltedPassword, Buffer.from(salt), iterations)
    credentials.set(name, checked, credential)
  }
}

function checkedMechanism({ name, mechanism }: Deletion): ScramMechanismName {
  if (name === '') throw fail('UNACCEPTABLE_CREDENTIAL', 'Username must not be empty')
  const known = scramMechanismNames.find((it) => scramMechanisms[it].type === mechanism)
  if (known === undefined) throw fail('UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism')
  return known
}
