// Guards against streams groups (KIP-1071) that are described otherwise than Kafka knows them. Their member here speaks the
// protocol of Kafka Streams by hand, for there is no such library in this language.
import { randomUUID } from 'node:crypto'
import { Kafka, silentLogger } from '../../src'
import {
  streamsGroupHeartbeatApi,
  type StreamsGroupHeartbeatRequest,
} from '../../src/wire/generated/client/streams-group-heartbeat'
import { RawClient } from '../contract/support/raw-client'
import { eventualAnswer } from '../support/eventually'
import { describeEachKafka } from './support/describe-kafka'

type Beat = Partial<StreamsGroupHeartbeatRequest>

const joining = 0
const leaving = -1

/** A member that takes the tasks it is given. */
class StreamsMember {
  readonly id = randomUUID()
  readonly #client: RawClient
  readonly #groupId: string
  #epoch = joining
  #activeTasks: Beat['activeTasks'] = []

  private constructor(client: RawClient, groupId: string) {
    this.#client = client
    this.#groupId = groupId
  }

  static async connect(address: string, groupId: string): Promise<StreamsMember> {
    return new StreamsMember(await RawClient.connect(address), groupId)
  }

  async join(topic: string): Promise<void> {
    const nothing = { sourceTopicRegex: [], stateChangelogTopics: [], copartitionGroups: [] }
    const noRepartitioning = { repartitionSinkTopics: [], repartitionSourceTopics: [] }
    const sums = { subtopologyId: 'sums', sourceTopics: [topic], ...nothing, ...noRepartitioning }
    await this.beat({
      rebalanceTimeoutMs: 30_000,
      topology: { epoch: 1, subtopologies: [sums] },
      processId: 'process-1',
      userEndpoint: { host: 'localhost', port: 8080 },
      clientTags: [{ key: 'zone', value: 'a' }],
    })
  }

  async beat(more: Beat = {}): Promise<void> {
    const answer = await this.#client.ask(streamsGroupHeartbeatApi, 0, {
      groupId: this.#groupId,
      memberId: this.id,
      memberEpoch: this.#epoch,
      endpointInformationEpoch: 0,
      activeTasks: this.#activeTasks,
      standbyTasks: [],
      warmupTasks: [],
      ...more,
    })
    expect([answer.errorCode, answer.errorMessage]).toEqual([0, null])
    this.#epoch = answer.memberEpoch
    if (answer.activeTasks !== null) this.#activeTasks = answer.activeTasks
  }

  async leave(): Promise<void> {
    this.#epoch = leaving
    try {
      await this.beat()
    } finally {
      this.#client.close()
    }
  }
}

describeEachKafka(
  'a streams group',
  (kafka) => {
    it('is described with its topology and the tasks of its members, and its offsets are those of any group', async () => {
      const kafkaClient = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger })
      await using admin = kafkaClient.admin()
      const [topic, groupId] = [kafka.uniqueName('orders'), kafka.uniqueName('totals')]
      await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
      // The coordinators' topic may have to be made first.
      await admin.alterGroupOffsets([{ groupId: kafka.uniqueName('warm'), topic, partition: 0, offset: 0n }])
      await admin.incrementalAlterConfigs([
        { type: 'group', name: groupId, set: { 'streams.initial.rebalance.delay.ms': 0 } },
      ])
      const member = await StreamsMember.connect(kafka.bootstrap[0] ?? '', groupId)
      try {
        await member.join(topic)
        const describe = () =>
          admin.describeGroups([groupId, 'nobody'], { includeAuthorizedOperations: true, partial: true })
        const results = await eventualAnswer(
          async () => {
            await member.beat()
            return describe()
          },
          ([group]) => group?.error === null && group.members[0]?.streams?.tasks.active.length === 2,
          'both tasks to be given to the member',
        )
        const tasks = {
          active: [0, 1].map((partition) => ({ subtopologyId: 'sums', partition })),
          standby: [],
          warmup: [],
        }
        expect(results).toMatchObject([
          {
            type: 'streams',
            state: 'Stable',
            protocolType: 'streams',
            authorizedOperations: expect.arrayContaining(['read', 'delete', 'describe']) as unknown,
            topology: {
              epoch: 1,
              subtopologies: [
                {
                  subtopologyId: 'sums',
                  sourceTopics: [topic],
                  repartitionSinkTopics: [],
                  stateChangelogTopics: [],
                  repartitionSourceTopics: [],
                },
              ],
            },
            members: [
              {
                memberId: member.id,
                subscribedTopics: null,
                assignment: null,
                isClassic: false,
                streams: {
                  topologyEpoch: 1,
                  processId: 'process-1',
                  userEndpoint: { host: 'localhost', port: 8080 },
                  clientTags: { zone: 'a' },
                  tasks,
                  targetTasks: tasks,
                },
              },
            ],
          },
          { error: { code: 'GROUP_ID_NOT_FOUND' } },
        ])
        expect(await admin.listGroups({ types: ['streams'] })).toMatchObject([
          { groupId, type: 'streams', protocolType: 'streams' },
        ])
      } finally {
        await member.leave()
      }
      await admin.alterGroupOffsets([{ groupId, topic, partition: 1, offset: 7n }])
      expect(await admin.listGroupOffsets([{ groupId }])).toMatchObject([
        { offsets: [{ topic, partition: 1, offset: 7n }] },
      ])
      await admin.deleteGroupOffsets([{ groupId, topic, partition: 1 }])
      await admin.deleteGroups([groupId])
      await expect(admin.describeGroups([groupId])).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
    }, 60_000)
  },
  { versions: ['4.3.1'] },
)
