import { ErrorCode, type ErrorCodeName } from '../../base/error-codes'
import {
  deleteTopicsApi,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  type DeleteTopicsResponseDeletableTopicResult,
} from '../../wire/generated/broker/delete-topics'
import { zeroTopicId } from '../cluster/topic-names'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { chargeMutations } from './mutation-quota'

type Result = DeleteTopicsResponseDeletableTopicResult

/** A topic by name or by id; the other is empty. */
interface Target {
  readonly name: string | null
  readonly topicId: string
}

/** Since this version a spent quota refuses; before it only slows the client down (KIP-599). */
const strictVersion = 5

/** Deletes topics, by name or (since 6) by id. */
export function deleteTopicsHandler(
  services: Services,
): ApiHandler<DeleteTopicsRequest, DeleteTopicsResponse> {
  return handler(deleteTopicsApi, (request, context) => {
    const targets: readonly Target[] =
      context.apiVersion >= 6
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: zeroTopicId }))
    const responses = deletions(targets, services, context)
    return { throttleTimeMs: context.throttleMs, responses }
  })
}

/** Without `delete.topic.enable` the whole request is refused, each topic with the same code. */
function disabledCode(services: Services, context: RequestContext): ErrorCodeName | undefined {
  if (services.configs.broker('delete.topic.enable', context.broker.id) === 'true') return undefined
  return context.apiVersion < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED'
}

function deletions(targets: readonly Target[], services: Services, context: RequestContext): Result[] {
  const disabled = disabledCode(services, context)
  const seen = new Set<string>()
  const results: Result[] = []
  for (const target of targets) {
    const key = `${target.name ?? ''} ${target.topicId}`
    if (seen.has(key)) continue
    seen.add(key)
    const times = targets.filter((one) => one.name === target.name && one.topicId === target.topicId).length
    results.push(deletion(target, { services, context, disabled, isDuplicate: times > 1 }))
  }
  return results
}

interface Deletion {
  readonly services: Services
  readonly context: RequestContext
  readonly disabled: ErrorCodeName | undefined
  readonly isDuplicate: boolean
}

function deletion(target: Target, { services, context, disabled, isDuplicate }: Deletion): Result {
  const byId = target.name === null
  let shown = target
  try {
    if (disabled !== undefined) throw fail(disabled, disabledWords[disabled] ?? null)
    checkForm(target, isDuplicate)
    const topic = byId ? services.topics.byId(target.topicId) : services.topics.byName(target.name ?? '')
    if (byId && topic === undefined)
      throw fail('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
    const name = topic?.name ?? target.name ?? ''
    const { authorizer } = services
    // Who asked by id learns the name only when he may know it.
    if (authorizer.allows(context, 'Describe', 'Topic', name)) shown = { ...target, name }
    if (!authorizer.allows(context, 'Delete', 'Topic', name)) {
      throw fail('TOPIC_AUTHORIZATION_FAILED', 'Topic authorization failed.')
    }
    if (topic === undefined) {
      throw fail('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
    }
    chargeMutations(services, context, topic.partitions.length, strictVersion)
    services.topics.delete(name)
    return { name, topicId: topic.id, errorCode: ErrorCode.NONE, errorMessage: null }
  } catch (error) {
    return { ...shown, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
  }
}

const disabledWords: Partial<Record<ErrorCodeName, string>> = {
  INVALID_REQUEST: 'This version does not support topic deletion.',
  TOPIC_DELETION_DISABLED: 'Topic deletion is disabled.',
}

function checkForm({ name, topicId }: Target, isDuplicate: boolean): void {
  const refuse = (why: string): Error => fail('INVALID_REQUEST', why)
  if (name === null && topicId === zeroTopicId) throw refuse('Neither topic name nor id were specified.')
  if (name !== null && topicId !== zeroTopicId) {
    throw refuse('You may not specify both topic name and topic id.')
  }
  if (isDuplicate) throw refuse(name === null ? 'Duplicate topic id.' : 'Duplicate topic name.')
}
