import type { Cluster } from '../../cluster/cluster'
import { ClassicMembership } from './classic-membership'
import type { ConsumerHeartbeatOptions } from './consumer-heartbeats'
import { ConsumerMembership } from './consumer-membership'
import type { GroupListener, GroupMembership, GroupMembershipOptions } from './group-membership'
import { MembershipWithFallback } from './membership-with-fallback'

/** The protocols of consumer groups: JoinGroup with assignors in the clients, or KIP-848 with assignors in the broker. */
export type GroupProtocol = 'classic' | 'consumer'

/** What a member of either protocol needs. */
export interface AnyMembershipOptions extends GroupMembershipOptions, ConsumerHeartbeatOptions {
  /** `group.protocol` */
  readonly groupProtocol: GroupProtocol
}

/** The driver for the protocol that was chosen; brokers without KIP-848 are spoken to by the classic one. */
export function createMembership(
  cluster: Cluster,
  options: AnyMembershipOptions,
  listener: GroupListener,
): GroupMembership {
  const classic = (told: GroupListener) => new ClassicMembership(cluster, options, told)
  if (options.groupProtocol === 'classic') return classic(listener)
  return new MembershipWithFallback(
    listener,
    (told) => new ConsumerMembership(cluster, options, told),
    classic,
    () =>
      cluster.logger.warn(
        "The brokers do not serve groupProtocol 'consumer' (Kafka 4.0, or group.version 1): the classic protocol is used",
        { groupId: options.groupId },
      ),
  )
}
