import { ErrorCode } from '../../base/error-codes'
import {
  createPartitionsApi,
  type CreatePartitionsRequest,
  type CreatePartitionsRequestTopic,
  type CreatePartitionsResponse,
  type CreatePartitionsResponseTopicResult,
} from '../../wire/generated/broker/create-partitions'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { chargeMutations } from './mutation-quota'

/** Since this version a spent quota refuses; before it only slows the client down (KIP-599). */
const strictVersion = 3

/** Adds partitions to topics, each topic on its own. */
export function createPartitionsHandler(
  services: Services,
): ApiHandler<CreatePartitionsRequest, CreatePartitionsResponse> {
  return handler(createPartitionsApi, (request, context) => {
    const names = request.topics.map((topic) => topic.name)
    const duplicates = new Set(names.filter((name, index) => names.indexOf(name) !== index))
    const results = [...duplicates].map((name) => ({
      name,
      errorCode: ErrorCode.INVALID_REQUEST as number,
      errorMessage: 'Duplicate topic name.' as string | null,
    }))
    for (const topic of request.topics) {
      if (!duplicates.has(topic.name)) results.push(result(topic, request.validateOnly, services, context))
    }
    return { throttleTimeMs: context.throttleMs, results }
  })
}

function result(
  { name, count, assignments }: CreatePartitionsRequestTopic,
  validateOnly: boolean,
  services: Services,
  context: RequestContext,
): Required<Omit<CreatePartitionsResponseTopicResult, 'unknownTaggedFields'>> {
  const { topics, authorizer } = services
  try {
    if (!authorizer.allows(context, 'Alter', 'Topic', name)) throw fail('TOPIC_AUTHORIZATION_FAILED')
    const options = assignments === null ? {} : { assignments: assignments.map((one) => one.brokerIds) }
    const before = topics.addPartitions(name, count, { ...options, validateOnly: true }).partitions.length
    chargeMutations(services, context, count - before, strictVersion)
    if (!validateOnly) topics.addPartitions(name, count, options)
    return { name, errorCode: ErrorCode.NONE, errorMessage: null }
  } catch (error) {
    return { name, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
  }
}
