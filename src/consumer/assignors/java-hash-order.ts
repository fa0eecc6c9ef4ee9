import type { TopicPartition } from '../../base/topic-partition'

/**
 * Java's hash collections give their elements back in an order that follows from the hashes. Java's sticky assignors
 * let that order decide between equals, so a group whose leader may be a Java client or this one has to break ties
 * the same way; otherwise partitions would move with the leadership.
 */

const initialCapacity = 16
const loadFactor = 0.75

/** `String.hashCode`. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** `TopicPartition.hashCode`. */
export function javaPartitionHash({ topic, partition }: TopicPartition): number {
  return (Math.imul(31 + partition, 31) + javaStringHash(topic)) | 0
}

/** The number of buckets of a hash map that held `size` entries at most. */
export function javaCapacity(size: number): number {
  let capacity = initialCapacity
  while (size > capacity * loadFactor) capacity *= 2
  return capacity
}

/**
 * Distinct elements in the order a Java hash collection gives them back.
 * @param elements in the order they were put in, which decides inside one bucket
 */
export function inJavaHashOrder<T>(
  elements: readonly T[],
  hashOf: (element: T) => number,
  capacity = javaCapacity(elements.length),
): T[] {
  return elements
    .map((element, index) => {
      const hash = hashOf(element)
      return { element, index, bucket: (hash ^ (hash >>> 16)) & (capacity - 1) }
    })
    .sort((a, b) => a.bucket - b.bucket || a.index - b.index)
    .map(({ element }) => element)
}
