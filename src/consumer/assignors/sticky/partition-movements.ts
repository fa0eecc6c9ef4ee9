import type { TopicPartition } from '../../../base/topic-partition'
import { inJavaHashOrder, javaCapacity, javaPartitionHash } from '../java-hash-order'

interface Movement {
  readonly from: string
  readonly to: string
}

interface MovedPartitions {
  readonly partitions: Set<TopicPartition>
  /** The most it ever held; a Java hash set keeps the order of its largest size. */
  peak: number
}

/**
 * Where partitions went during one balancing, from their first owner to their last. Instead of moving a partition
 * from A to B while another of the same topic went from B to A, the other one is moved back: one move less.
 */
export class PartitionMovements {
  readonly #movements = new Map<TopicPartition, Movement>()
  /** By topic, `from` and `to`. */
  readonly #moved = new Map<string, MovedPartitions>()

  /** The partition to move instead of `partition`, so that members keep more of what they had. */
  actualPartitionToMove(partition: TopicPartition, owner: string, newOwner: string): TopicPartition {
    const from = this.#movements.get(partition)?.from ?? owner
    const reverse = this.#moved.get(movementKey(partition.topic, newOwner, from))
    if (reverse === undefined || reverse.partitions.size === 0) return partition
    const order = inJavaHashOrder([...reverse.partitions], javaPartitionHash, javaCapacity(reverse.peak))
    return order[0] ?? partition
  }

  record(partition: TopicPartition, owner: string, newOwner: string): void {
    const earlier = this.#movements.get(partition)
    const from = earlier?.from ?? owner
    if (earlier !== undefined) this.#forget(partition, earlier)
    if (earlier === undefined || from !== newOwner) this.#add(partition, { from, to: newOwner })
  }

  #add(partition: TopicPartition, movement: Movement): void {
    this.#movements.set(partition, movement)
    const key = movementKey(partition.topic, movement.from, movement.to)
    const moved = this.#moved.get(key) ?? { partitions: new Set(), peak: 0 }
    moved.partitions.add(partition)
    moved.peak = Math.max(moved.peak, moved.partitions.size)
    this.#moved.set(key, moved)
  }

  #forget(partition: TopicPartition, movement: Movement): void {
    this.#movements.delete(partition)
    const key = movementKey(partition.topic, movement.from, movement.to)
    const moved = this.#moved.get(key)
    moved?.partitions.delete(partition)
    if (moved?.partitions.size === 0) this.#moved.delete(key)
  }
}

function movementKey(topic: string, from: string, to: string): string {
  return JSON.stringify([topic, from, to])
}
