import type { Group, GroupKind, InspectedMember } from '../contracts/group'
import type { Services } from '../contracts/services'

export type { InspectedMember }

/** A committed offset. */
export interface InspectedOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly metadata: string
}

/** A group as its coordinator knows it. */
export interface InspectedGroup {
  readonly groupId: string
  /** `classic`, `consumer` (KIP-848) or `share` (KIP-932). */
  readonly kind: GroupKind
  /** As Kafka writes it, such as `Stable` or `Empty`. */
  readonly state: string
  readonly members: readonly InspectedMember[]
  readonly offsets: readonly InspectedOffset[]
}

export function describeGroup(services: Pick<Services, 'offsets'>, group: Group): InspectedGroup {
  const { groupId, kind, state } = group
  const offsets: InspectedOffset[] = []
  for (const [topic, partitions] of services.offsets.list(groupId)) {
    for (const [partition, { offset, metadata }] of partitions)
      offsets.push({ topic, partition, offset, metadata })
  }
  return { groupId, kind, state, members: group.inspectMembers?.() ?? [], offsets }
}
