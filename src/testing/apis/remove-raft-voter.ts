import { ErrorCode } from '../../base/error-codes'
import {
  removeRaftVoterApi,
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterResponse,
} from '../../wire/generated/broker/remove-raft-voter'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { voterChangeRefusal } from './voter-change-refusal'

/** Refuses as a Kafka with a static quorum does: its voters stand in `controller.quorum.voters`. */
export function removeRaftVoterHandler(
  services: Services,
): ApiHandler<RemoveRaftVoterRequest, RemoveRaftVoterResponse> {
  return handler(removeRaftVoterApi, (request, context) => {
    const refusal = voterChangeRefusal(services, context, { kind: 'Remove', ...request })
    if (refusal !== undefined) return { throttleTimeMs: 0, ...refusal }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: "Cluster doesn't support removing voter because the kraft.version feature is 0",
    }
  })
}
