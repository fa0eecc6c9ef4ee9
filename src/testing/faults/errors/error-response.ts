import type {
  BrokerApiName,
  BrokerRequest,
  BrokerResponse,
} from '../../../wire/generated/broker/apis-by-name'

/** A response that says one error of all that was asked, in the places where the API's responses have one. */
export type ErrorResponse<Name extends BrokerApiName> = (
  request: BrokerRequest<Name>,
  errorCode: number,
  version: number,
) => BrokerResponse<Name>

/** The error responses of some APIs. */
export type ErrorResponses<Name extends BrokerApiName> = { readonly [Each in Name]: ErrorResponse<Each> }

/** No broker, offset, epoch or producer id. */
export const nothing = -1
export const noOffset = -1n
/** Errors of a client that was made to fail on purpose have no words. */
export const noMessage = null
/** Fields that all responses of the kind have. */
export const unthrottled = { throttleTimeMs: 0 }
