import {
  alterGroupOffsets,
  describeGroupPartition,
  type AlteredGroupOffset,
  type NewGroupOffset,
} from './alter-group-offsets'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import { deleteGroups, type DeletedGroup } from './delete-groups'
import { describeGroups, describeGroupsOptions, type DescribeGroupsOptions } from './describe-groups'
import type { GroupDescription } from './group-types'
import { requireAll, type ItemResult } from './item-result'
import {
  listGroupOffsets,
  listGroupOffsetsOptions,
  type GroupOffsets,
  type GroupOffsetsQuery,
  type ListGroupOffsetsOptions,
} from './list-group-offsets'
import {
  listGroups,
  listGroupsOptions,
  mergeGroups,
  type BrokerGroups,
  type GroupListing,
  type ListGroupsOptions,
} from './list-groups'
import { ConfigAdmin } from './config-admin'
import { deleteGroupOffsets, type GroupPartition } from './delete-group-offsets'
import {
  describeMember,
  removeMembersFromGroup,
  removeMembersFromGroupOptions,
  type MemberToRemove,
  type RemovedMember,
  type RemoveMembersFromGroupOptions,
} from './remove-members-from-group'
import {
  listShareGroupOffsets,
  type ShareGroupOffsets,
  type ShareGroupOffsetsQuery,
} from './list-share-group-offsets'
import {
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  describeGroupTopic,
  type AlteredShareGroupOffset,
  type NewShareGroupOffset,
  type ShareGroupTopic,
} from './share-group-offsets'

/** Groups, their members and committed offsets. */
export abstract class GroupAdmin extends ConfigAdmin {
  /** The groups of the cluster. With `partial`, one result per broker: a broker that fails hides its groups only. */
  listGroups(options: ListGroupsOptions & PartialResults): Promise<ItemResult<BrokerGroups, 'nodeId'>[]>
  listGroups(options?: ListGroupsOptions): Promise<GroupListing[]>
  async listGroups(
    options?: ListGroupsOptions,
  ): Promise<ItemResult<BrokerGroups, 'nodeId'>[] | GroupListing[]> {
    return this.call('listGroups', listGroupsOptions, options, async (call, resolved) => {
      const results = await listGroups(call, resolved)
      if (resolved.partial) return results
      return mergeGroups(requireAll('listGroups', results, ({ nodeId }) => `broker ${nodeId}`))
    })
  }

  /** Groups with their state, members and assignments; of the classic protocol and of KIP-848, share groups and streams groups. */
  describeGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions & PartialResults,
  ): Promise<ItemResult<GroupDescription, 'groupId'>[]>
  describeGroups(groupIds: readonly string[], options?: DescribeGroupsOptions): Promise<GroupDescription[]>
  describeGroups(groupIds: readonly string[], options?: DescribeGroupsOptions) {
    return this.items('describeGroups', describeGroupsOptions, options, groupById, (call, resolved) =>
      describeGroups(call, groupIds, resolved),
    )
  }

  /** The offsets groups have committed. */
  listGroupOffsets(
    groups: readonly GroupOffsetsQuery[],
    options: ListGroupOffsetsOptions & PartialResults,
  ): Promise<ItemResult<GroupOffsets, 'groupId'>[]>
  listGroupOffsets(
    groups: readonly GroupOffsetsQuery[],
    options?: ListGroupOffsetsOptions,
  ): Promise<GroupOffsets[]>
  listGroupOffsets(groups: readonly GroupOffsetsQuery[], options?: ListGroupOffsetsOptions) {
    return this.items('listGroupOffsets', listGroupOffsetsOptions, options, groupById, (call, resolved) =>
      listGroupOffsets(call, groups, resolved),
    )
  }

  /** Sets the committed offsets of groups without members. */
  alterGroupOffsets(
    offsets: readonly NewGroupOffset[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<AlteredGroupOffset, 'groupId' | 'topic' | 'partition'>[]>
  alterGroupOffsets(
    offsets: readonly NewGroupOffset[],
    options?: AdminCallOptions,
  ): Promise<AlteredGroupOffset[]>
  alterGroupOffsets(offsets: readonly NewGroupOffset[], options?: AdminCallOptions) {
    return this.items('alterGroupOffsets', callOptionsSchema, options, describeGroupPartition, (call) =>
      alterGroupOffsets(call, offsets),
    )
  }

  /** Deletes groups and their offsets. A group with members fails with NON_EMPTY_GROUP. */
  deleteGroups(
    groupIds: readonly string[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<DeletedGroup, 'groupId'>[]>
  deleteGroups(groupIds: readonly string[], options?: AdminCallOptions): Promise<DeletedGroup[]>
  deleteGroups(groupIds: readonly string[], options?: AdminCallOptions) {
    return this.items('deleteGroups', callOptionsSchema, options, groupById, (call) =>
      deleteGroups(call, groupIds),
    )
  }

  /** Deletes committed offsets of groups, of topics that no member is subscribed to. */
  deleteGroupOffsets(
    partitions: readonly GroupPartition[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<GroupPartition, 'groupId' | 'topic' | 'partition'>[]>
  deleteGroupOffsets(
    partitions: readonly GroupPartition[],
    options?: AdminCallOptions,
  ): Promise<GroupPartition[]>
  deleteGroupOffsets(partitions: readonly GroupPartition[], options?: AdminCallOptions) {
    return this.items('deleteGroupOffsets', callOptionsSchema, options, describeGroupPartition, (call) =>
      deleteGroupOffsets(call, partitions),
    )
  }

  /** Takes members out of a group: static ones by instance id, others by member id, or `all`. */
  removeMembersFromGroup(
    groupId: string,
    members: readonly MemberToRemove[] | 'all',
    options: RemoveMembersFromGroupOptions & PartialResults,
  ): Promise<ItemResult<RemovedMember, 'memberId' | 'groupInstanceId'>[]>
  removeMembersFromGroup(
    groupId: string,
    members: readonly MemberToRemove[] | 'all',
    options?: RemoveMembersFromGroupOptions,
  ): Promise<RemovedMember[]>
  removeMembersFromGroup(
    groupId: string,
    members: readonly MemberToRemove[] | 'all',
    options?: RemoveMembersFromGroupOptions,
  ) {
    return this.items(
      'removeMembersFromGroup',
      removeMembersFromGroupOptions,
      options,
      describeMember,
      (call, resolved) => removeMembersFromGroup(call, groupId, members, resolved),
    )
  }

  /** Where share groups stand in their partitions. */
  listShareGroupOffsets(
    groups: readonly ShareGroupOffsetsQuery[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<ShareGroupOffsets, 'groupId'>[]>
  listShareGroupOffsets(
    groups: readonly ShareGroupOffsetsQuery[],
    options?: AdminCallOptions,
  ): Promise<ShareGroupOffsets[]>
  listShareGroupOffsets(groups: readonly ShareGroupOffsetsQuery[], options?: AdminCallOptions) {
    return this.items('listShareGroupOffsets', callOptionsSchema, options, groupById, (call) =>
      listShareGroupOffsets(call, groups),
    )
  }

  /** Sets where share groups without members begin to read. */
  alterShareGroupOffsets(
    offsets: readonly NewShareGroupOffset[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<AlteredShareGroupOffset, 'groupId' | 'topic' | 'partition'>[]>
  alterShareGroupOffsets(
    offsets: readonly NewShareGroupOffset[],
    options?: AdminCallOptions,
  ): Promise<AlteredShareGroupOffset[]>
  alterShareGroupOffsets(offsets: readonly NewShareGroupOffset[], options?: AdminCallOptions) {
    return this.items('alterShareGroupOffsets', callOptionsSchema, options, describeGroupPartition, (call) =>
      alterShareGroupOffsets(call, offsets),
    )
  }

  /** Makes share groups without members forget topics. */
  deleteShareGroupOffsets(
    topics: readonly ShareGroupTopic[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<ShareGroupTopic, 'groupId' | 'topic'>[]>
  deleteShareGroupOffsets(
    topics: readonly ShareGroupTopic[],
    options?: AdminCallOptions,
  ): Promise<ShareGroupTopic[]>
  deleteShareGroupOffsets(topics: readonly ShareGroupTopic[], options?: AdminCallOptions) {
    return this.items('deleteShareGroupOffsets', callOptionsSchema, options, describeGroupTopic, (call) =>
      deleteShareGroupOffsets(call, topics),
    )
  }
}

function groupById({ groupId }: { readonly groupId: string }): string {
  return `group '${groupId}'`
}
