import { ErrorCode, type ErrorCodeName } from '../../../../../src/base/error-codes'
import { consumerGroupHandlers } from '../../../../../src/testing/apis/consumer-group-handlers'
import type { ApiHandler } from '../../../../../src/testing/node/api-handler'
import {
  type ConsumerGroupDescribeResponseDescribedGroup,
  type ConsumerGroupDescribeResponse,
  consumerGroupDescribeApi,
} from '../../../../../src/wire/generated/broker/consumer-group-describe'
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  consumerGroupHeartbeatApi,
} from '../../../../../src/wire/generated/broker/consumer-group-heartbeat'
import { FakeGroupServices } from '../../support/fake-group-services'

/** Speaks to the coordinator as members do, one request at a time. */
export class GroupDriver {
  readonly cluster: FakeGroupServices
  readonly #handlers: readonly ApiHandler[]

  /** Members that join at once would share a target for a second; tests that don't look at that have it computed at once. */
  constructor(configs: Readonly<Record<string, string>> = { 'group.consumer.assignment.interval.ms': '0' }) {
    this.cluster = new FakeGroupServices(configs)
    this.#handlers = consumerGroupHandlers(this.cluster.services)
  }

  async heartbeat(
    request: Partial<ConsumerGroupHeartbeatRequest>,
    version = 1,
  ): Promise<ConsumerGroupHeartbeatResponse> {
    const handle = this.#handle(consumerGroupHeartbeatApi.key)
    return (await handle(
      { ...emptyHeartbeat, ...request } as never,
      this.cluster.context(version),
    )) as ConsumerGroupHeartbeatResponse
  }

  /** Joins with epoch 0 and all fields. */
  join(memberId: string, topics: string[], more: Partial<ConsumerGroupHeartbeatRequest> = {}) {
    return this.heartbeat({
      memberId,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: topics,
      topicPartitions: [],
      ...more,
    })
  }

  async describe(groupId = 'g', version = 1): Promise<ConsumerGroupDescribeResponseDescribedGroup> {
    const handle = this.#handle(consumerGroupDescribeApi.key)
    const request = { groupIds: [groupId], includeAuthorizedOperations: false }
    const response = (await handle(
      request as never,
      this.cluster.context(version),
    )) as ConsumerGroupDescribeResponse
    return response.groups[0] as ConsumerGroupDescribeResponseDescribedGroup
  }

  #handle(key: number) {
    const found = this.#handlers.find(({ api }) => api.key === key)
    if (found === undefined) throw new Error(`nothing answers API ${key}`)
    return found.handle
  }
}

const emptyHeartbeat: ConsumerGroupHeartbeatRequest = {
  groupId: 'g',
  memberId: '',
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  subscribedTopicNames: null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: null,
}

/** Partitions of the only topic in an answer; undefined when the answer had no assignment. */
export function given(response: ConsumerGroupHeartbeatResponse): number[] | undefined {
  return response.assignment?.topicPartitions.flatMap(({ partitions }) => partitions)
}

export function codeName(errorCode: number): ErrorCodeName {
  const found = Object.entries(ErrorCode).find(([, code]) => code === errorCode)
  return (found?.[0] ?? `${errorCode}`) as ErrorCodeName
}
