import type { AssignorName } from '../../index'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'
import { AssignerProtocol } from '../group/assigner-protocol'
import type { PartitionAssigner } from '../types/consumer'
import { roundRobinAssigner } from './round-robin-assigner'

const range = builtIn('range')
const sticky = builtIn('sticky')
const cooperativeSticky = builtIn('cooperative-sticky')

/**
 * The assigners that a consumer's `partitionAssigners` can have: KafkaJS's own, and beyond KafkaJS those of the Java
 * client, by whose names members of all clients divide partitions together. With `cooperativeSticky` alone partitions that
 * stay are not interrupted by a rebalance (KIP-429).
 */
export const PartitionAssigners: {
  /** Default. */
  roundRobin: PartitionAssigner
  range: PartitionAssigner
  sticky: PartitionAssigner
  cooperativeSticky: PartitionAssigner
} = { roundRobin: roundRobinAssigner, range, sticky, cooperativeSticky }

/** Our own assignors, by what stands for them. */
export const builtInAssigners: ReadonlyMap<PartitionAssigner, AssignorName> = new Map([
  [range, 'range'],
  [sticky, 'sticky'],
  [cooperativeSticky, 'cooperative-sticky'],
])

/** Stands for an assignor of our own in a list of assigners; what it divides by is more than KafkaJS's assigners are told. */
function builtIn(name: AssignorName): PartitionAssigner {
  return () => ({
    name,
    version: 0,
    assign: async () => {
      throw new KafkaJSNotImplemented(
        `The assigner "${name}" works in the list partitionAssigners of a consumer, and can't be called by a program`,
      )
    },
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
    }),
  })
}
