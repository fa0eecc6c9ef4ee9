// Guards against a leader of ours deciding otherwise than a Java leader of the same group: partitions would move
// whenever the leadership does, and metadata that only one side can read would break the group.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { TopicPartition } from '../../../src/base/topic-partition'
import { formatTopicPartition } from '../../../src/base/topic-partition'
import type { AssignableTopic, PartitionAssignor } from '../../../src/consumer/assignors/partition-assignor'
import { rangeAssignor } from '../../../src/consumer/assignors/range-assignor'
import { roundRobinAssignor } from '../../../src/consumer/assignors/round-robin-assignor'
import { cooperativeStickyAssignor } from '../../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import { stickyAssignor } from '../../../src/consumer/assignors/sticky/sticky-assignor'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../src/consumer/group/consumer-protocol'

type Pair = [topic: string, partition: number]

interface Vector {
  assignor: string
  topics: AssignableTopic[]
  members: {
    memberId: string
    groupInstanceId: string | null
    topics: string[]
    ownedPartitions: Pair[]
    claimed: Pair[]
    generationId: number
    rackId: string | null
    userData: string | null
    subscription: string
  }[]
  result: Record<string, { partitions: Pair[]; bytes: string }>
}

const assignors = new Map<string, PartitionAssignor>(
  [rangeAssignor(), roundRobinAssignor(), stickyAssignor(), cooperativeStickyAssignor()].map((assignor) => [
    assignor.name,
    assignor,
  ]),
)

const committed = readVectors(join(__dirname, 'vectors.jsonl.gz'))
// A larger run of tools/java/AssignorVectorWriter.java can be compared by naming its file.
const extra = process.env.ASSIGNOR_VECTORS
const vectors = extra === undefined ? committed : readVectors(extra)

function readVectors(file: string): Vector[] {
  if (!existsSync(file))
    throw new Error(`${file} is missing; write it with tools/java/AssignorVectorWriter.java`)
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Vector)
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const toPartitions = (pairs: Pair[]): TopicPartition[] =>
  pairs.map(([topic, partition]) => ({ topic, partition }))
const names = (partitions: readonly TopicPartition[]) => partitions.map(formatTopicPartition).sort()

/** The member as the leader sees it: decoded from the bytes that Java wrote. */
const membersOf = (vector: Vector) =>
  vector.members.map((member) =>
    decodeSubscription(member.memberId, member.groupInstanceId, Buffer.from(member.subscription, 'hex')),
  )

/**
 * Java's sticky assignors can give a partition back to a member that owned it in an older generation and no longer
 * subscribes to its topic. There we differ on purpose.
 */
const isSound = (vector: Vector) =>
  vector.members.every(({ memberId, topics }) =>
    vector.result[memberId]!.partitions.every(([topic]) => topics.includes(topic)),
  )

const titled = (kind: string) => vectors.filter((vector) => vector.assignor === kind)

describe.each([...assignors.keys()])('%s', (kind) => {
  const assignor = assignors.get(kind) as PartitionAssignor

  it('has groups to compare', () => expect(titled(kind).length).toBeGreaterThan(50))

  it('G5: gives every member what the Java assignor gives it', () => {
    const comparable = titled(kind).filter(isSound)
    expect(comparable.length).toBeGreaterThan(0.95 * titled(kind).length)
    const differing = comparable.flatMap((vector, index) => {
      const result = assignor.assign(membersOf(vector), vector.topics)
      const ours = vector.members.map((m) => names(result.get(m.memberId)?.partitions ?? []).join())
      const java = vector.members.map((m) =>
        names(toPartitions(vector.result[m.memberId]!.partitions)).join(),
      )
      return ours.join('|') === java.join('|') ? [] : [{ index, ours, java }]
    })
    expect(differing.slice(0, 2)).toEqual([])
    expect(differing.length).toBe(0)
  })

  it('writes the user data that the Java assignor writes', () => {
    for (const vector of titled(kind)) {
      for (const member of vector.members) {
        // Null where Java gave data means a member that stayed silent in the vector on purpose.
        if (member.userData === null) continue
        const userData = assignor.userData?.({
          topics: member.topics,
          ownedPartitions: toPartitions(member.claimed),
          generationId: member.generationId,
        })
        expect(userData && hex(userData)).toBe(member.userData)
      }
    }
  })

  it('G5: writes and reads subscriptions and assignments as Java does', () => {
    for (const vector of titled(kind)) {
      for (const member of vector.members) {
        const bytes = encodeSubscription({
          topics: member.topics,
          ownedPartitions: toPartitions(member.ownedPartitions),
          generationId: member.generationId,
          rackId: member.rackId,
          userData: member.userData === null ? null : Buffer.from(member.userData, 'hex'),
        })
        expect(hex(bytes)).toBe(member.subscription)
        const { partitions, bytes: assignment } = vector.result[member.memberId]!
        expect(hex(encodeAssignment({ partitions: toPartitions(partitions) }))).toBe(assignment)
        expect(names(decodeAssignment(Buffer.from(assignment, 'hex')).partitions)).toEqual(
          names(toPartitions(partitions)),
        )
      }
    }
  })
})
