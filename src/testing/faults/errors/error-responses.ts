import type { BrokerApiName } from '../../../wire/generated/broker/apis-by-name'
import { clusterErrors, configErrors } from './admin-errors'
import { dataErrors } from './data-errors'
import type { ErrorResponses } from './error-response'
import { groupErrors, otherGroupErrors } from './group-errors'
import { securityErrors } from './security-errors'

/** How each API says that all of a request failed. */
export const errorResponses: ErrorResponses<BrokerApiName> = {
  ...dataErrors,
  ...groupErrors,
  ...otherGroupErrors,
  ...clusterErrors,
  ...configErrors,
  ...securityErrors,
}
