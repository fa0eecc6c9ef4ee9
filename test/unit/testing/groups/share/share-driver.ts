import { ConfigResourceType } from '../../../../../src/testing/contracts/config-store'
import type { Topic } from '../../../../../src/testing/contracts/topics'
import {
  type ShareAcknowledgeRequest,
  shareAcknowledgeApi,
} from '../../../../../src/wire/generated/client/share-acknowledge'
import {
  type ShareFetchRequest,
  type ShareFetchResponse,
  type ShareFetchResponsePartitionData,
  shareFetchApi,
} from '../../../../../src/wire/generated/client/share-fetch'
import {
  type ShareGroupHeartbeatRequest,
  shareGroupHeartbeatApi,
} from '../../../../../src/wire/generated/client/share-group-heartbeat'
import { encodeRecordBatch } from '../../../../../src/wire/records/encode-record-batch'
import { GroupFixture, type Route } from '../../support/group-fixture'

type Acknowledgement = readonly [first: number, last: number, ...types: number[]]

/** Speaks to a cluster as the members of share group `g` do. The group begins at the start of its topics. */
export class ShareDriver {
  readonly cluster: GroupFixture

  constructor(configs: Readonly<Record<string, string>> = {}, brokers = 1) {
    this.cluster = new GroupFixture({
      brokers,
      configs: {
        'group.share.assignment.interval.ms': '0',
        'group.share.min.record.lock.duration.ms': '1000',
        ...configs,
      },
    })
    this.configure({ 'share.auto.offset.reset': 'earliest' })
  }

  configure(configs: Readonly<Record<string, string>>): void {
    const { dynamic } = this.cluster.services.configs
    const all = new Map([...dynamic.of(ConfigResourceType.group, 'g'), ...Object.entries(configs)])
    this.cluster.services.configs.replace(ConfigResourceType.group, 'g', all)
  }

  heartbeat(request: Partial<ShareGroupHeartbeatRequest>, route: Route = {}) {
    const full = { groupId: 'g', memberId: 'm', memberEpoch: 0, ...request }
    return this.cluster.ask(shareGroupHeartbeatApi, 1, full, route)
  }

  /** Makes a topic that the group reads, with member `m` in it. */
  async begin(partitions = 1): Promise<Topic> {
    const topic = this.cluster.createTopic('t', partitions)
    await this.heartbeat({ subscribedTopicNames: ['t'] })
    await this.cluster.clock.advance(1)
    return topic
  }

  /** Appends batches of so many records. */
  produce(topic: Topic, ...counts: number[]): void {
    for (const count of counts) {
      const records = Array.from({ length: count }, () => ({ timestamp: 1, key: null, value: 'v' }))
      topic.partitions[0]?.append(encodeRecordBatch({ records }), { origin: 'client' })
    }
  }

  fetch(
    request: Partial<ShareFetchRequest>,
    route: Route & { version?: number } = {},
  ): Promise<ShareFetchResponse | undefined> {
    const full = {
      groupId: 'g',
      memberId: 'm',
      shareSessionEpoch: 0,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 500,
      batchSize: 500,
      topics: [],
      forgottenTopicsData: [],
      ...request,
    }
    return this.cluster.send(shareFetchApi, route.version ?? 2, full, route)
  }

  /** What a fetch gave of the only partition in its answer. */
  async take(request: Partial<ShareFetchRequest>, route: Route & { version?: number } = {}): Promise<Taken> {
    const response = await this.fetch(request, route)
    if (response === undefined) throw new Error('the fetch was not answered')
    const partition = response.responses[0]?.partitions[0]
    return {
      errorCode: response.errorCode,
      partition,
      acquired: (partition?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => {
        return [Number(firstOffset), Number(lastOffset), deliveryCount]
      }),
      response,
    }
  }

  acknowledge(request: Partial<ShareAcknowledgeRequest>, route: Route & { version?: number } = {}) {
    const full = { groupId: 'g', memberId: 'm', shareSessionEpoch: 1, topics: [], ...request }
    return this.cluster.ask(shareAcknowledgeApi, route.version ?? 2, full, route)
  }
}

/** What a member got of one partition: first offset, last offset and delivery count of each range. */
export interface Taken {
  readonly errorCode: number
  readonly partition: ShareFetchResponsePartitionData | undefined
  readonly acquired: readonly (readonly number[])[]
  readonly response: ShareFetchResponse
}

/** One partition with acknowledgements, as requests list it. */
export function of(topic: Topic | string, index = 0, ...acknowledgements: Acknowledgement[]) {
  const topicId = typeof topic === 'string' ? topic : topic.id
  const acknowledgementBatches = acknowledgements.map(([first, last, ...acknowledgeTypes]) => {
    return { firstOffset: BigInt(first), lastOffset: BigInt(last), acknowledgeTypes }
  })
  return [{ topicId, partitions: [{ partitionIndex: index, acknowledgementBatches }] }]
}
