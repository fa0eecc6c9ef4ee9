import { type ConsumerGroupMetadata, ErrorCode, type TopicPartition } from '../../index'
import { protocolError } from '../errors/protocol-error-table'

/** A member of a group, run by a consumer. */
export interface LocalMember {
  readonly groupId: string
  isAssigned(at: TopicPartition): boolean
  groupMetadata(): ConsumerGroupMetadata
}

/** For whom offsets are committed: a member, or a group of which nothing more is known. */
export type OffsetsOwner = ConsumerGroupMetadata | { readonly groupId: string }

/**
 * The members that run on one `Kafka` object. A transaction of KafkaJS names a group and no member; who it is that commits
 * is found here, so that the coordinator can refuse a member that was replaced (KIP-447).
 */
export class LocalMembers {
  readonly #members = new Set<LocalMember>()

  add(member: LocalMember): void {
    this.#members.add(member)
  }

  remove(member: LocalMember): void {
    this.#members.delete(member)
  }

  /**
   * Divides offsets by the members to whom their partitions are assigned; where no member of the group runs, the group
   * stands for all of them.
   * @throws KafkaJSProtocolError (REBALANCE_IN_PROGRESS) for a partition that no member here has any more
   */
  byOwner<Offset extends TopicPartition>(
    groupId: string,
    offsets: readonly Offset[],
  ): Map<OffsetsOwner, Offset[]> {
    const members = [...this.#members].filter((member) => member.groupId === groupId)
    if (members.length === 0) return new Map([[{ groupId }, [...offsets]]])
    const byMember = new Map<LocalMember, Offset[]>()
    for (const offset of offsets) {
      const owner = members.find((member) => member.isAssigned(offset))
      if (owner === undefined) throw protocolError(ErrorCode.REBALANCE_IN_PROGRESS)
      const own = byMember.get(owner)
      if (own === undefined) byMember.set(owner, [offset])
      else own.push(offset)
    }
    return new Map([...byMember].map(([member, own]) => [member.groupMetadata(), own]))
  }
}
