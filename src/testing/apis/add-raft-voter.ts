import { ErrorCode } from '../../base/error-codes'
import {
  addRaftVoterApi,
  type AddRaftVoterRequest,
  type AddRaftVoterResponse,
} from '../../wire/generated/broker/add-raft-voter'
import { handler, type ApiHandler } from '../node/api-handler'
import type { Services } from '../services'
import { voterChangeRefusal } from './voter-change-refusal'

/** Refuses as a Kafka with a static quorum does: its voters stand in `controller.quorum.voters`. */
export function addRaftVoterHandler(
  services: Services,
): ApiHandler<AddRaftVoterRequest, AddRaftVoterResponse> {
  return handler(addRaftVoterApi, ({ clusterId }, context) => {
    const refusal = voterChangeRefusal(services, context, clusterId)
    if (refusal !== undefined) return { throttleTimeMs: 0, ...refusal }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: "Cluster doesn't support adding voter because the kraft.version feature is 0",
    }
  })
}
