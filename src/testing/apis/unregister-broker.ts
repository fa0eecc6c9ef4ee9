import { ErrorCode } from '../../base/error-codes'
import {
  unregisterBrokerApi,
  type UnregisterBrokerRequest,
  type UnregisterBrokerResponse,
} from '../../wire/generated/broker/unregister-broker'
import { errorCodeOf, errorMessageOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Takes a broker out of the cluster (KIP-500); it comes back when it is started again. */
export function unregisterBrokerHandler(
  services: Services,
): ApiHandler<UnregisterBrokerRequest, UnregisterBrokerResponse> {
  return handler(unregisterBrokerApi, ({ brokerId }, context) => {
    if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return { throttleTimeMs: 0, errorCode, errorMessage: null }
    }
    try {
      services.brokers.unregister(brokerId)
      return { throttleTimeMs: 0, errorCode: 0, errorMessage: null }
    } catch (error) {
      return { throttleTimeMs: 0, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
    }
  })
}
