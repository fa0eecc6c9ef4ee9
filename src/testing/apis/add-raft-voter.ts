import { ErrorCode } from '../../base/error-codes'
import {
  addRaftVoterApi,
  type AddRaftVoterRequest,
  type AddRaftVoterResponse,
} from '../../wire/generated/broker/add-raft-voter'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { voterChangeRefusal } from './voter-change-refusal'

/** The listener that the quorum's voters speak over. */
const controllerListener = 'CONTROLLER'

/** Refuses as a Kafka with a static quorum does: its voters stand in `controller.quorum.voters`. */
export function addRaftVoterHandler(
  services: Services,
): ApiHandler<AddRaftVoterRequest, AddRaftVoterResponse> {
  return handler(addRaftVoterApi, (request, context) => {
    const refusal = voterChangeRefusal(services, context, { kind: 'Add', ...request })
    if (refusal !== undefined) return { throttleTimeMs: 0, ...refusal }
    if (!request.listeners.some(({ name }) => name === controllerListener)) {
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: `Add voter request didn't include the endpoint for the default listener ${controllerListener}`,
      }
    }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: "Cluster doesn't support adding voter because the kraft.version feature is 0",
    }
  })
}
