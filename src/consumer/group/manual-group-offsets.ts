import type { Deadline } from '../../base/deadline'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { fetchCommittedOffsets } from './committed-offsets'
import type { CommittedPartition, GroupOffsets, PartitionOffset } from './group-membership'
import { GroupRequests } from '../../group/group-requests'
import { type CommitAuthority, OffsetCommitter } from './offset-committer'

/** A committer outside any generation, as the broker expects it of a consumer that is no member. */
const noMember: CommitAuthority = {
  groupInstanceId: null,
  identity: () => ({ memberId: '', generationId: -1 }),
  ownershipOf: () => 0,
  ready: () => Promise.resolve(),
  isHurried: () => false,
  onRefused: () => false,
}

/**
 * A group's offsets for a consumer that assigns its partitions itself and is no member of the group. The broker
 * refuses its commits (`COMMIT_FAILED`) while the group has members.
 */
export class ManualGroupOffsets implements GroupOffsets {
  readonly #requests: GroupRequests
  readonly #committer: OffsetCommitter

  constructor(cluster: Cluster, groupId: string) {
    this.#requests = new GroupRequests(cluster, groupId, `group:${groupId}`)
    this.#committer = new OffsetCommitter(this.#requests, noMember)
  }

  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    return this.#committer.commit(offsets, deadline)
  }

  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]> {
    return fetchCommittedOffsets(this.#requests, partitions, deadline)
  }
}
