// Guards against acknowledged records that are lost, or records that were never acknowledged and stay, when brokers die,
// lag and come back.
import { batchOf, codeOf, ReplicationCluster } from '../support/replication-cluster'
import type { ReplicatedPartition } from '../../../../src/testing/cluster/replicated-partition'
import type { PartitionEvent } from '../../../../src/testing/contracts/partition'
import { settle } from '../../support/fake-clock'

const client = { origin: 'client' } as const
let cluster: ReplicationCluster
let partition: ReplicatedPartition

beforeEach(() => {
  cluster = new ReplicationCluster(3, { 'broker.session.timeout.ms': '1000' })
  ;[partition] = cluster.createTopic('orders') as [ReplicatedPartition]
})

afterEach(() => cluster.brokers.close())

const append = (...values: string[]) => partition.append(batchOf(values), client)
const ends = () => [1, 2, 3].map((id) => partition.log(id)?.endOffset)
const state = () => ({
  leader: partition.leaderId,
  epoch: partition.leaderEpoch,
  inSync: [...partition.inSyncReplicas].sort(),
})

/** The values in the log of one replica, by batch. */
function bytesOn(brokerId: number): Buffer {
  return Buffer.concat((partition.log(brokerId)?.batches ?? []).map((batch) => batch.bytes))
}

describe('replication', () => {
  it('gives a batch to all replicas in the moment the leader has it, sharing its bytes', () => {
    expect(append('a', 'b')).toMatchObject({ baseOffset: 0n, lastOffset: 1n, logStartOffset: 0n })
    expect(ends()).toEqual([2n, 2n, 2n])
    expect(partition.highWatermark).toBe(2n)
    expect(partition.log(3)?.batches[0]?.bytes).toBe(partition.log(1)?.batches[0]?.bytes)
    expect(cluster.budget.usedBytes).toBe(bytesOn(1).length)
  })

  it('tells watchers of the append and of the high watermark, until they end their watch', () => {
    const events: PartitionEvent[] = []
    const end = partition.watch((event) => events.push(event))
    append('a')
    end()
    append('b')
    expect(events).toEqual(['append', 'high-watermark'])
  })

  it('keeps the high watermark back while an in-sync follower is held', async () => {
    append('a')
    partition.holdReplication(3)
    append('b')
    expect(partition.highWatermark).toBe(1n)
    const replicated = partition.whenReplicated(1n, 10_000)
    partition.releaseReplication(3)
    await expect(replicated).resolves.toBeUndefined()
    expect(ends()).toEqual([2n, 2n, 2n])
  })

  it('takes a follower out of the in-sync set after replica.lag.time.max.ms, and in again when it caught up', async () => {
    partition.holdReplication(3)
    append('a')
    const epoch = partition.partitionEpoch
    await cluster.clock.advance(29_999)
    expect(partition.inSyncReplicas).toEqual([1, 2, 3])
    await cluster.clock.advance(1)
    expect(partition.inSyncReplicas).toEqual([1, 2])
    expect(partition.highWatermark).toBe(1n)
    expect(partition.partitionEpoch).toBe(epoch + 1)
    partition.releaseReplication(3)
    expect(partition.inSyncReplicas).toEqual([1, 2, 3])
    expect(partition.partitionEpoch).toBe(epoch + 2)
    expect(partition.leaderEpoch).toBe(0)
  })

  it('leaves a held follower in the in-sync set while it lacks nothing, and runs no timer', async () => {
    append('a')
    partition.holdReplication(3)
    expect(cluster.clock.pendingTimers).toBe(0)
    await cluster.clock.advance(60_000)
    expect(partition.inSyncReplicas).toEqual([1, 2, 3])
  })

  it('does not move the high watermark while fewer than min.insync.replicas are in sync', async () => {
    const [strict] = cluster.createTopic('strict', { configs: { 'min.insync.replicas': '3' } })
    cluster.brokers.stop(3, 'clean')
    strict?.append(batchOf(['a']), client)
    expect(strict?.highWatermark).toBe(0n)
    expect(strict?.logEndOffset).toBe(1n)
    cluster.brokers.start(3)
    expect(strict?.highWatermark).toBe(1n)
  })

  it('bounds min.insync.replicas by the number of replicas', () => {
    const [one] = cluster.createTopic('one', { replicas: [2], configs: { 'min.insync.replicas': '3' } })
    expect(one?.minInSyncReplicas).toBe(1)
    one?.append(batchOf(['a']), client)
    expect(one?.highWatermark).toBe(1n)
  })

  it('rejects who waits too long for replicas with REQUEST_TIMED_OUT', async () => {
    partition.holdReplication(2)
    append('a')
    const late = expect(partition.whenReplicated(0n, 500)).rejects.toMatchObject({
      code: 'REQUEST_TIMED_OUT',
    })
    await cluster.clock.advance(500)
    await late
  })
})

describe('a broker that stops cleanly', () => {
  it('hands its leadership over first, to the next replica in order', () => {
    append('a')
    cluster.brokers.stop(1, 'clean')
    expect(state()).toEqual({ leader: 2, epoch: 1, inSync: [2, 3] })
    append('b')
    expect(ends()).toEqual([1n, 2n, 2n])
  })

  it('comes back as a follower with all records, and does not take its leadership back by itself', () => {
    cluster.brokers.stop(1, 'clean')
    append('a', 'b')
    cluster.brokers.start(1)
    expect(state()).toEqual({ leader: 2, epoch: 1, inSync: [1, 2, 3] })
    expect(bytesOn(1)).toEqual(bytesOn(2))
    partition.electLeader('preferred')
    expect(state()).toEqual({ leader: 1, epoch: 2, inSync: [1, 2, 3] })
  })
})

describe('a broker that is killed', () => {
  it('leads until its session ran out, and stores nothing meanwhile', async () => {
    cluster.brokers.stop(1, 'kill')
    expect(state()).toEqual({ leader: 1, epoch: 0, inSync: [1, 2, 3] })
    expect(codeOf(() => append('a'))).toBe('NOT_LEADER_OR_FOLLOWER')
    await cluster.clock.advance(999)
    expect(partition.leaderId).toBe(1)
    await cluster.clock.advance(1)
    expect(state()).toEqual({ leader: 2, epoch: 1, inSync: [2, 3] })
  })

  it('loses what no other replica had, when it comes back', async () => {
    append('kept')
    partition.holdReplication(2)
    partition.holdReplication(3)
    append('lost')
    const waiting = expect(partition.whenReplicated(1n, 60_000)).rejects.toMatchObject({
      code: 'NOT_LEADER_OR_FOLLOWER',
    })
    cluster.brokers.stop(1, 'kill')
    await cluster.clock.advance(1000)
    await waiting
    partition.releaseReplication(3)
    append('new')
    cluster.brokers.start(1)
    partition.releaseReplication(2)
    expect(ends()).toEqual([2n, 2n, 2n])
    expect(bytesOn(1)).toEqual(bytesOn(2))
    expect(bytesOn(1).includes('lost')).toBe(false)
    expect(partition.log(1)?.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 1n })
  })

  it('stays in the in-sync set as its last member, and the partition has no leader', async () => {
    append('a')
    for (const id of [2, 3]) cluster.brokers.stop(id, 'clean')
    cluster.brokers.stop(1, 'kill')
    await cluster.clock.advance(1000)
    expect(state()).toEqual({ leader: -1, epoch: 1, inSync: [1] })
    expect(codeOf(() => partition.leaderLog)).toBe('NOT_LEADER_OR_FOLLOWER')
    cluster.brokers.start(2)
    expect(partition.leaderId).toBe(-1)
    cluster.brokers.start(1)
    expect(state()).toEqual({ leader: 1, epoch: 2, inSync: [1, 2] })
    expect(partition.highWatermark).toBe(1n)
  })

  it('ends its old session when it starts before that ran out', () => {
    cluster.brokers.stop(1, 'kill')
    cluster.brokers.start(1)
    expect(state()).toEqual({ leader: 2, epoch: 1, inSync: [1, 2, 3] })
    expect(cluster.clock.pendingTimers).toBe(0)
  })
})

describe('a broker that is frozen', () => {
  it('counts for nothing under a new leader before it followed it, whatever its log holds', async () => {
    append('kept')
    partition.holdReplication(3)
    append('only on 1 and 2')
    cluster.brokers.pause(2)
    partition.moveLeader(3)
    append('new')
    // The frozen replica has as many records as the leader, but not the same.
    expect(ends()).toEqual([2n, 2n, 2n])
    expect(state()).toEqual({ leader: 3, epoch: 1, inSync: [1, 2, 3] })
    expect(partition.highWatermark).toBe(1n)
    cluster.brokers.resume(2)
    expect(partition.highWatermark).toBe(2n)
    expect(bytesOn(2)).toEqual(bytesOn(3))
  })

  it('goes on as leader when it wakes up in time, and watchers hear that it is reachable', async () => {
    const events: PartitionEvent[] = []
    partition.watch((event) => events.push(event))
    cluster.brokers.pause(1)
    expect(codeOf(() => append('a'))).toBe('NOT_LEADER_OR_FOLLOWER')
    await cluster.clock.advance(900)
    cluster.brokers.resume(1)
    expect(state()).toEqual({ leader: 1, epoch: 0, inSync: [1, 2, 3] })
    expect(events).toEqual(['leader-reachable'])
    append('a')
  })

  it('comes back as a follower after it was fenced', async () => {
    cluster.brokers.pause(1)
    await cluster.clock.advance(1000)
    append('a')
    expect(ends()).toEqual([0n, 1n, 1n])
    cluster.brokers.resume(1)
    expect(state()).toEqual({ leader: 2, epoch: 1, inSync: [1, 2, 3] })
    expect(ends()).toEqual([1n, 1n, 1n])
  })
})

describe('unclean elections', () => {
  const strand = () => {
    append('kept')
    cluster.brokers.stop(2, 'clean')
    cluster.brokers.stop(3, 'clean')
    append('lost')
    cluster.brokers.stop(1, 'clean')
    cluster.brokers.start(2)
  }

  it('happen on request only, lose records, and truncate who had them', () => {
    strand()
    expect(partition.leaderId).toBe(-1)
    partition.electLeader('unclean')
    expect(state()).toMatchObject({ leader: 2, inSync: [2] })
    expect(partition.highWatermark).toBe(1n)
    append('new')
    cluster.brokers.start(1)
    expect(bytesOn(1)).toEqual(bytesOn(2))
    expect(bytesOn(1).includes('lost')).toBe(false)
    expect(state()).toMatchObject({ leader: 2, inSync: [1, 2] })
  })

  it('happen by themselves where the topic allows it', () => {
    ;[partition] = cluster.createTopic('risky', {
      configs: { 'unclean.leader.election.enable': 'true' },
    }) as [ReplicatedPartition]
    strand()
    expect(state()).toMatchObject({ leader: 2, inSync: [2] })
  })

  it('are refused while somebody leads, or nobody lives', () => {
    expect(codeOf(() => partition.electLeader('unclean'))).toBe('ELECTION_NOT_NEEDED')
    for (const id of [1, 2, 3]) cluster.brokers.stop(id, 'clean')
    expect(codeOf(() => partition.electLeader('unclean'))).toBe('ELIGIBLE_LEADERS_NOT_AVAILABLE')
  })

  it('truncate a follower that is far ahead down to an empty leader', () => {
    ;[partition] = cluster.createTopic('empty-leader') as [ReplicatedPartition]
    for (const id of [2, 3]) cluster.brokers.stop(id, 'clean')
    append('a')
    append('b')
    partition.deleteRecordsBefore(2n)
    cluster.brokers.stop(1, 'clean')
    cluster.brokers.start(2)
    partition.electLeader('unclean')
    cluster.brokers.start(1)
    expect(ends()).toEqual([0n, 0n, 0n])
    append('c')
    expect(ends()).toEqual([1n, 1n, 0n])
  })
})

describe('moving the leader', () => {
  it('starts an epoch, which the records after it carry', () => {
    append('a')
    partition.moveLeader(3)
    append('b')
    expect(state()).toEqual({ leader: 3, epoch: 1, inSync: [1, 2, 3] })
    expect(partition.log(1)?.batches.map((batch) => batch.leaderEpoch)).toEqual([0, 1])
    expect(partition.log(2)?.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 1n })
  })

  it('is refused to who is no replica, or not in sync', () => {
    expect(codeOf(() => partition.moveLeader(9))).toBe('INVALID_REPLICA_ASSIGNMENT')
    cluster.brokers.stop(2, 'clean')
    expect(codeOf(() => partition.moveLeader(2))).toBe('ELIGIBLE_LEADERS_NOT_AVAILABLE')
  })

  it('settles before watchers hear of it', () => {
    const seen: unknown[] = []
    partition.watch((event) => seen.push([event, partition.leaderId, partition.log(1)?.endOffset]))
    append('a')
    partition.holdReplication(1)
    partition.moveLeader(2)
    expect(seen.at(-1)).toEqual(['leader', 2, 1n])
  })
})

describe('reassignment', () => {
  beforeEach(() => {
    cluster.brokers.addBroker({ id: 4, host: '127.0.0.1', port: 9094 })
  })

  it('is done at once when the new replicas live', () => {
    append('a')
    partition.reassign([4, 2])
    expect(partition.replicas).toEqual([4, 2])
    expect(state()).toEqual({ leader: 4, epoch: 1, inSync: [2, 4] })
    expect(bytesOn(4)).toEqual(bytesOn(2))
    expect(partition.log(1)).toBeUndefined()
    expect([partition.addingReplicas, partition.removingReplicas]).toEqual([[], []])
  })

  it('starts an epoch when replicas go, although the leader stays', () => {
    partition.reassign([1, 2])
    expect(state()).toEqual({ leader: 1, epoch: 1, inSync: [1, 2] })
  })

  it('waits for a new replica that does not live, and can be taken back', () => {
    append('a')
    cluster.brokers.stop(4, 'clean')
    partition.reassign([1, 4])
    expect(partition.replicas).toEqual([1, 4, 2, 3])
    expect(partition.addingReplicas).toEqual([4])
    expect(partition.removingReplicas).toEqual([2, 3])
    partition.cancelReassignment()
    expect(partition.replicas).toEqual([1, 2, 3])
    expect(codeOf(() => partition.cancelReassignment())).toBe('NO_REASSIGNMENT_IN_PROGRESS')
    partition.reassign([1, 4])
    cluster.brokers.start(4)
    expect(partition.replicas).toEqual([1, 4])
    expect(bytesOn(4)).toEqual(bytesOn(1))
  })

  it('only changes the order of preference when the brokers are the same', () => {
    partition.reassign([3, 1, 2])
    expect(state()).toEqual({ leader: 1, epoch: 0, inSync: [1, 2, 3] })
    partition.electLeader('preferred')
    expect(partition.leaderId).toBe(3)
  })

  it.each([[[]], [[1, 9]], [[1, 1]]])('refuses the replicas %j', (replicas) => {
    expect(codeOf(() => partition.reassign(replicas))).toBe('INVALID_REPLICA_ASSIGNMENT')
  })

  it('gives the bytes of removed replicas back', () => {
    append('a')
    const { usedBytes } = cluster.budget
    partition.reassign([4])
    expect(cluster.budget.usedBytes).toBe(usedBytes)
    cluster.topics.delete('orders')
    expect(cluster.budget.usedBytes).toBe(0)
  })
})

describe('deleting records', () => {
  it('moves the start on all replicas, up to the high watermark', () => {
    append('a')
    append('b')
    expect(partition.deleteRecordsBefore(1n)).toBe(1n)
    expect([1, 2, 3].map((id) => partition.log(id)?.startOffset)).toEqual([1n, 1n, 1n])
    expect(partition.deleteRecordsBefore(-1n)).toBe(2n)
    expect(codeOf(() => partition.deleteRecordsBefore(3n))).toBe('OFFSET_OUT_OF_RANGE')
    expect(partition.deleteRecordsBefore(0n)).toBe(2n)
  })

  it('is refused for compacted topics', () => {
    const [compacted] = cluster.createTopic('c', { configs: { 'cleanup.policy': 'compact' } })
    expect(codeOf(() => compacted?.deleteRecordsBefore(-1n))).toBe('POLICY_VIOLATION')
  })

  it('lets a follower that was away begin where the leader does', () => {
    append('a')
    cluster.brokers.stop(3, 'clean')
    append('b')
    append('c')
    partition.deleteRecordsBefore(2n)
    cluster.brokers.start(3)
    expect(partition.log(3)?.startOffset).toBe(2n)
    expect(bytesOn(3)).toEqual(bytesOn(1))
  })
})

describe('deleting the partition', () => {
  it('rejects who waits, tells watchers, and stores nothing more', async () => {
    partition.holdReplication(2)
    append('a')
    const waiting = expect(partition.whenReplicated(0n, 1000)).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    const events: PartitionEvent[] = []
    partition.watch((event) => events.push(event))
    cluster.topics.delete('orders')
    await waiting
    expect(events).toEqual(['deleted'])
    expect(codeOf(() => append('b'))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(cluster.clock.pendingTimers).toBe(0)
    cluster.brokers.stop(1, 'clean')
    await settle()
    expect(events).toEqual(['deleted'])
  })
})

describe('what a follower knows', () => {
  it('is the high watermark of the moment it fell behind', () => {
    append('a')
    partition.holdReplication(3)
    append('b')
    append('c')
    expect(partition.highWatermarkOn(3)).toBe(1n)
    expect(partition.highWatermarkOn(2)).toBe(1n)
    expect(partition.highWatermarkOn(1)).toBe(1n)
    partition.releaseReplication(3)
    expect([1, 2, 3].map((id) => partition.highWatermarkOn(id))).toEqual([3n, 3n, 3n])
  })
})
