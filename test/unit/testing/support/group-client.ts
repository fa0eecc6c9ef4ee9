import { groupHandlers } from '../../../../src/testing/apis/group-handlers'
import { consumerProtocolSubscriptionCodec } from '../../../../src/wire/generated/data/consumer-protocol-subscription'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import {
  joinGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../../../src/wire/generated/client/join-group'
import { leaveGroupApi, type LeaveGroupResponse } from '../../../../src/wire/generated/client/leave-group'
import {
  syncGroupApi,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '../../../../src/wire/generated/client/sync-group'
import { Writer } from '../../../../src/wire/primitives/writer'
import { errorCodeName } from '../../../../src/base/error-codes'
import type { ApiHandler } from '../../../../src/testing/contracts/api-handler'
import type { ClientApi } from '../../../../src/wire/api'
import { settle } from '../../support/fake-clock'
import type { FakeGroupCluster } from './fake-group-cluster'

/** A consumer's metadata that subscribes to topics. */
export function subscription(...topics: string[]): Buffer {
  const writer = new Writer()
  writer.writeInt16(0)
  consumerProtocolSubscriptionCodec.encode(writer, { topics }, 0)
  return writer.toBuffer()
}

export type JoinOptions = Partial<JoinGroupRequest> & { readonly version?: number }

/** A member of a group that is in the current generation. */
export interface Joined {
  readonly memberId: string
  readonly generationId: number
}

/** Speaks to the group APIs of a fake cluster through the real codecs. */
export class GroupClient {
  readonly handlers: readonly ApiHandler[]

  constructor(
    readonly cluster: FakeGroupCluster,
    readonly groupId = 'group',
  ) {
    this.handlers = groupHandlers(cluster.services)
  }

  send<Request, Response>(
    api: ClientApi<Request, Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    return this.cluster.send(api, this.handlers, request, version)
  }

  join({ version = 9, ...request }: JoinOptions = {}): Promise<JoinGroupResponse> {
    const full: JoinGroupRequest = {
      groupId: this.groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription('topic') }],
      ...request,
    }
    return this.send(joinGroupApi, full, version)
  }

  /** Joins with the id that the first answer asks to come back with. */
  async joinDynamic(options: JoinOptions = {}): Promise<JoinGroupResponse> {
    const { memberId } = await this.join(options)
    return this.join({ ...options, memberId })
  }

  sync(
    member: Joined,
    assignments: Readonly<Record<string, string>> = {},
    { version = 5, ...request }: Partial<SyncGroupRequest> & { readonly version?: number } = {},
  ): Promise<SyncGroupResponse> {
    const full: SyncGroupRequest = {
      groupId: this.groupId,
      generationId: member.generationId,
      memberId: member.memberId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(assignments).map(([memberId, text]) => ({
        memberId,
        assignment: Buffer.from(text),
      })),
      ...request,
    }
    return this.send(syncGroupApi, full, version)
  }

  /** The name of the error of a heartbeat. */
  async heartbeat(member: Joined, groupInstanceId: string | null = null): Promise<string> {
    const { memberId, generationId } = member
    const request = { groupId: this.groupId, memberId, generationId, groupInstanceId }
    return errorCodeName((await this.send(heartbeatApi, request, 4)).errorCode)
  }

  leave(...members: { memberId?: string; groupInstanceId?: string }[]): Promise<LeaveGroupResponse> {
    const identities = members.map(({ memberId = '', groupInstanceId = null }) => ({
      memberId,
      groupInstanceId,
    }))
    return this.send(leaveGroupApi, { groupId: this.groupId, members: identities }, 5)
  }

  /** Brings a group of one member of any protocol type to Stable. */
  async joinDynamicStable(options: JoinOptions): Promise<JoinGroupResponse> {
    const joining = this.joinDynamic(options)
    await this.cluster.clock.advance(3000)
    const member = await joining
    await this.sync(member, {}, { protocolType: member.protocolType, protocolName: member.protocolName })
    return member
  }

  /** Brings a group of dynamic members to Stable, all of them new; the first is the leader. */
  async stable(count: number, options: JoinOptions = {}): Promise<JoinGroupResponse[]> {
    const joins = Array.from({ length: count }, () => this.joinDynamic(options))
    await this.cluster.clock.advance(3000)
    for (let i = 1; i < count; i++) await this.cluster.clock.advance(3000)
    const members = await Promise.all(joins)
    await this.syncAll(members)
    return members
  }

  /** Brings a group of two dynamic members to Stable; the first is the leader. */
  async stablePair(): Promise<[JoinGroupResponse, JoinGroupResponse]> {
    return pair(await this.stable(2))
  }

  /** Two new members in one generation, before their assignments; the first is the leader. */
  async joinPair(
    first: JoinOptions | undefined = undefined,
    second: JoinOptions | undefined = first,
  ): Promise<[JoinGroupResponse, JoinGroupResponse]> {
    const join = (options: JoinOptions | undefined) =>
      options === undefined ? this.joinDynamic() : this.join(options)
    const joins = [join(first), join(second)]
    await this.cluster.clock.advance(6000)
    return pair(await Promise.all(joins))
  }

  async syncAll(members: readonly JoinGroupResponse[]): Promise<SyncGroupResponse[]> {
    const assignments = Object.fromEntries(members.map(({ memberId }) => [memberId, `of ${memberId}`]))
    const syncs = members.map((member) =>
      this.sync(member, member.leader === member.memberId ? assignments : {}),
    )
    await settle()
    return Promise.all(syncs)
  }
}

function pair(members: readonly JoinGroupResponse[]): [JoinGroupResponse, JoinGroupResponse] {
  const [leader, follower] = members
  if (leader === undefined || follower === undefined) throw new TypeError('Two members were asked for')
  return [leader, follower]
}

/** Tells without waiting whether a promise has settled. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await settle()
  return settled
}
