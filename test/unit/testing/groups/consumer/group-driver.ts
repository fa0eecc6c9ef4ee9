import {
  type ConsumerGroupDescribeResponseDescribedGroup,
  consumerGroupDescribeApi,
} from '../../../../../src/wire/generated/client/consumer-group-describe'
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  consumerGroupHeartbeatApi,
} from '../../../../../src/wire/generated/client/consumer-group-heartbeat'
import { GroupFixture, type Route } from '../../support/group-fixture'

/** Speaks to the coordinator as members do, one request at a time. */
export class GroupDriver {
  readonly cluster: GroupFixture

  /** Members that join at once would share a target for a second; tests that don't look at that have it computed at once. */
  constructor(
    configs: Readonly<Record<string, string>> = { 'group.consumer.assignment.interval.ms': '0' },
    brokers = 1,
  ) {
    this.cluster = new GroupFixture({ configs, brokers })
  }

  heartbeat(
    request: Partial<ConsumerGroupHeartbeatRequest>,
    version = 1,
    route: Route = {},
  ): Promise<ConsumerGroupHeartbeatResponse> {
    const full = { groupId: 'g', memberId: '', memberEpoch: 0, topicPartitions: null, ...request }
    return this.cluster.ask(consumerGroupHeartbeatApi, version, full, route)
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
    const request = { groupIds: [groupId], includeAuthorizedOperations: false }
    const response = await this.cluster.ask(consumerGroupDescribeApi, version, request)
    return response.groups[0] as ConsumerGroupDescribeResponseDescribedGroup
  }
}

/** Partitions of the only topic in an answer; undefined when the answer had no assignment. */
export function given(response: ConsumerGroupHeartbeatResponse): number[] | undefined {
  return response.assignment?.topicPartitions.flatMap(({ partitions }) => partitions)
}
