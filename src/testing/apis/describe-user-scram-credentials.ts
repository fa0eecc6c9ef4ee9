import { ErrorCode } from '../../base/error-codes'
import {
  describeUserScramCredentialsApi,
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsResponse,
} from '../../wire/generated/broker/describe-user-scram-credentials'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { type ScramCredentials, scramMechanisms } from '../security/scram-credentials'
import { clusterResource, type Authorizer } from '../contracts/security'

/** DescribeUserScramCredentials: mechanisms and rounds of users; null or none for all of them. */
export function describeUserScramCredentialsHandler(
  services: { readonly authorizer: Authorizer },
  credentials: ScramCredentials,
): ApiHandler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse> {
  return handler(describeUserScramCredentialsApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    if (!services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return { throttleTimeMs, errorCode, errorMessage: null, results: [] }
    }
    const asked = request.users?.map((it) => it.name) ?? []
    const users = asked.length === 0 ? credentials.users : [...new Set(asked)]
    const results = users.map((user) => {
      if (asked.indexOf(user) !== asked.lastIndexOf(user)) {
        const why = 'Cannot describe SCRAM credentials for the same user twice in a single request'
        return refused(user, ErrorCode.DUPLICATE_RESOURCE, `${why}: ${user}`)
      }
      const credentialInfos = credentials
        .describe(user)
        .map(({ mechanism, iterations }) => ({ mechanism: scramMechanisms[mechanism].type, iterations }))
      if (credentialInfos.length > 0) {
        return { user, errorCode: ErrorCode.NONE, errorMessage: '', credentialInfos }
      }
      const why = 'Attempt to describe a user credential that does not exist'
      return refused(user, ErrorCode.RESOURCE_NOT_FOUND, `${why}: ${user}`)
    })
    return { throttleTimeMs, errorCode: ErrorCode.NONE, errorMessage: '', results }
  })
}

function refused(user: string, errorCode: number, errorMessage: string) {
  return { user, errorCode, errorMessage, credentialInfos: [] }
}
