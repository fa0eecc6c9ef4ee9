import { heartbeatApi } from '../../../src/wire/generated/client/heartbeat'
import {
  joinGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../../src/wire/generated/client/join-group'
import { leaveGroupApi } from '../../../src/wire/generated/client/leave-group'
import { syncGroupApi, type SyncGroupResponse } from '../../../src/wire/generated/client/sync-group'
import { consumerProtocolSubscriptionCodec } from '../../../src/wire/generated/data/consumer-protocol-subscription'
import { Writer } from '../../../src/wire/primitives/writer'
import { code, type BrokerUnderTest } from './describe-each-broker'
import type { RawClient } from './raw-client'
import { findCoordinator, untilSettled } from './transactions'

/** A name for a group whose coordinator is ready. */
export async function newGroup(broker: BrokerUnderTest): Promise<string> {
  const group = broker.uniqueName('group')
  await findCoordinator(broker, group, 0)
  // A new coordinator loads its part of __consumer_offsets before it serves groups.
  await untilSettled(
    () => broker.raw(heartbeatApi, 3, { groupId: group, memberId: '', generationId: -1 }),
    (answer) => answer.errorCode,
  )
  return group
}

/** What a consumer says at joining. It must be well formed: Kafka leaves a join with other bytes unanswered. */
export function subscription(topics: readonly string[] = [], userData: string | null = null): Buffer {
  const writer = new Writer()
  writer.writeInt16(0)
  const data = userData === null ? null : Buffer.from(userData)
  consumerProtocolSubscriptionCodec.encode(writer, { topics: [...topics], userData: data }, 0)
  return writer.toBuffer()
}

/** One member of a classic group, with a connection of its own because a join waits for the others. */
export class ClassicMember {
  readonly group: string
  readonly client: RawClient
  memberId = ''
  generation = -1
  readonly instanceId: string | null

  private constructor(group: string, client: RawClient, instanceId: string | null) {
    this.group = group
    this.client = client
    this.instanceId = instanceId
  }

  static async connect(
    broker: BrokerUnderTest,
    group: string,
    instanceId: string | null = null,
  ): Promise<ClassicMember> {
    return new ClassicMember(group, await broker.connect(), instanceId)
  }

  /** Sends JoinGroup as it is told, and takes over the member id and generation of the answer. */
  async join(more: Partial<JoinGroupRequest> = {}, version = 7): Promise<JoinGroupResponse> {
    const answer = await this.client.ask(joinGroupApi, version, {
      groupId: this.group,
      sessionTimeoutMs: 30_000,
      ...(version >= 1 ? { rebalanceTimeoutMs: 30_000 } : {}),
      memberId: this.memberId,
      ...(version >= 5 ? { groupInstanceId: this.instanceId } : {}),
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription() }],
      ...more,
    })
    if (answer.memberId !== '') this.memberId = answer.memberId
    if (answer.errorCode === 0) this.generation = answer.generationId
    return answer
  }

  /** Joins by both steps of KIP-394. */
  async enter(more: Partial<JoinGroupRequest> = {}): Promise<JoinGroupResponse> {
    const first = await this.join(more)
    return code(first.errorCode) === 'MEMBER_ID_REQUIRED' ? this.join(more) : first
  }

  /** Sends SyncGroup, as the leader with assignments. */
  sync(
    assignments: Readonly<Record<string, string>> = {},
    more: { generationId?: number; memberId?: string; protocolName?: string; protocolType?: string } = {},
    version = 5,
  ): Promise<SyncGroupResponse> {
    const { protocolType = 'consumer', protocolName = 'range', ...rest } = more
    return this.client.ask(syncGroupApi, version, {
      groupId: this.group,
      generationId: this.generation,
      memberId: this.memberId,
      ...(version >= 3 ? { groupInstanceId: this.instanceId } : {}),
      ...(version >= 5 ? { protocolType, protocolName } : {}),
      assignments: Object.entries(assignments).map(([memberId, text]) => ({
        memberId,
        assignment: Buffer.from(text),
      })),
      ...rest,
    })
  }

  /** Sends a heartbeat and gives Kafka's name of the answer. */
  async heartbeat(
    more: { generationId?: number; memberId?: string; groupInstanceId?: string } = {},
  ): Promise<string> {
    const answer = await this.client.ask(heartbeatApi, 3, {
      groupId: this.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      ...more,
    })
    return code(answer.errorCode)
  }

  /** Leaves, and gives the code of the member's part of the answer. */
  async leave(): Promise<string> {
    const { memberId, instanceId: groupInstanceId } = this
    const answer = await this.client.ask(leaveGroupApi, 4, {
      groupId: this.group,
      members: [{ memberId, groupInstanceId }],
    })
    return code(answer.errorCode === 0 ? answer.members[0]?.errorCode : answer.errorCode)
  }
}

/** A group of one member, in stable state. */
export async function stableMember(
  broker: BrokerUnderTest,
  group: string,
  {
    instanceId = null as string | null,
    ...more
  }: Partial<JoinGroupRequest> & { instanceId?: string | null } = {},
): Promise<ClassicMember> {
  const member = await ClassicMember.connect(broker, group, instanceId)
  const joined = await member.enter(more)
  if (joined.errorCode !== 0) throw new Error(`Not joined: ${code(joined.errorCode)}`)
  const { errorCode } = await member.sync(
    { [member.memberId]: 'all' },
    more.protocolType === undefined ? {} : { protocolType: more.protocolType },
  )
  if (errorCode !== 0) throw new Error(`Not synced: ${code(errorCode)}`)
  return member
}
