// Guards against two consumers on one partition: what a consumer still does when its partitions are taken away.
import type { Message } from '../../../src/message/message'
import { settle } from '../support/fake-clock'
import { groupConsumer, partitionsOf, shown, until, values } from './support/consumer-bench'

describe('revocation', () => {
  it('L14 waits for the running handler, commits it, and hands out nothing after', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(100)
    let release = () => {}
    const seen: string[] = []
    const run = consumer.run((message) => {
      seen.push(shown(message))
      if (message.offset === 5n) return new Promise<void>((resolve) => (release = resolve))
      return undefined
    })
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 6)
    const revoked = group.revoke(partitionsOf(0))
    await settle()
    expect(group.events).toEqual(['revoking'])
    release()
    await revoked
    expect(group.events).toEqual(['revoking', 'commit', 'revoked'])
    expect(group.offsetOf('t', 0)).toBe(6n)
    await settle()
    expect(seen).toHaveLength(6)
    expect(consumer.assignment()).toEqual([])
    await consumer.close()
    await run
  })

  it('G10 a handler that is not back in time has its signal fired; its message is not committed', async () => {
    const { cluster, group, consumer } = groupConsumer({ rebalanceTimeoutMs: 1000 })
    cluster.log('t', 0).fill(10)
    let fired = false
    let release = () => {}
    const run = consumer.run((message, { signal }) => {
      if (message.offset !== 3n) return undefined
      signal.addEventListener('abort', () => (fired = true))
      return new Promise<void>((resolve) => (release = resolve))
    })
    await group.assign(partitionsOf(0))
    await settle()
    const revoked = group.revoke(partitionsOf(0))
    await cluster.clock.advance(799)
    expect(fired).toBe(false)
    await cluster.clock.advance(1)
    await revoked
    expect(fired).toBe(true)
    expect(group.offsetOf('t', 0)).toBe(3n)
    release()
    await consumer.close()
    await run
  })

  it.each([
    ['throws', (signal: AbortSignal) => signal.throwIfAborted()],
    ['comes back', () => {}],
  ])(
    'G10 L14 with revocationGraceMs 0 a handler is told at once, and waited for; it %s, and its message comes again',
    async (_, end) => {
      const { cluster, group, consumer } = groupConsumer({ revocationGraceMs: 0 })
      cluster.log('t', 0).fill(10)
      const seen: string[] = []
      const run = consumer.run(async (message, { signal }) => {
        seen.push(shown(message))
        if (seen.length !== 4) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await new Promise((resolve) => cluster.clock.setTimer(500, () => resolve(undefined)))
        end(signal)
      })
      await group.assign(partitionsOf(0))
      await settle()
      const revoked = group.revoke(partitionsOf(0))
      await cluster.clock.advance(499)
      expect(group.events).toEqual(['revoking'])
      await cluster.clock.advance(1)
      await revoked
      expect(group.events).toEqual(['revoking', 'commit', 'revoked'])
      expect(group.offsetOf('t', 0)).toBe(3n)
      await group.assign(partitionsOf(0))
      await until(cluster, () => seen.length === 11)
      expect(seen.slice(4)).toEqual(values(3, 10).map((value) => `0:${value}`))
      await consumer.close()
      await run
    },
  )

  it('G10 within revocationGraceMs a handler finishes, and its message is committed', async () => {
    const { cluster, group, consumer } = groupConsumer(
      { rebalanceTimeoutMs: 1000, revocationGraceMs: 300 },
      2,
    )
    for (const partition of [0, 1]) cluster.log('t', partition).fill(1)
    const fired: string[] = []
    const run = consumer.run(
      async (message, { signal }) => {
        signal.addEventListener('abort', () => fired.push(shown(message)))
        const ms = message.partition === 0 ? 299 : 5000
        await new Promise((resolve) => cluster.clock.setTimer(ms, () => resolve(undefined)))
      },
      { concurrency: 2 },
    )
    await group.assign(partitionsOf(0, 1))
    await settle()
    const revoked = group.revoke(partitionsOf(0, 1))
    await cluster.clock.advance(299)
    expect(fired).toEqual([])
    await cluster.clock.advance(1)
    expect(fired).toEqual(['1:0'])
    expect(group.events).toEqual(['revoking'])
    await cluster.clock.advance(500)
    await revoked
    expect(group.offsetOf('t', 0)).toBe(1n)
    expect(group.offsetOf('t', 1)).toBe(0n)
    await cluster.clock.advance(5000)
    await consumer.close()
    await run
  })

  it('G10 a partition that comes back waits for the handler of its former life, then starts at the committed offset', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(10)
    let release = () => {}
    let isFirst = true
    const seen: string[] = []
    const run = consumer.run(
      (message) => {
        seen.push(shown(message))
        if (message.offset === 3n && isFirst) {
          isFirst = false
          return new Promise<void>((resolve) => (release = resolve))
        }
        return undefined
      },
      { concurrency: 2 },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 4)
    await consumer.commit()
    await group.lose(partitionsOf(0))
    await group.assign(partitionsOf(0))
    await settle()
    expect(seen).toHaveLength(4)
    release()
    await cluster.clock.advance(50)
    expect(seen).toHaveLength(11)
    expect(seen.slice(4)).toEqual(values(3, 10).map((value) => `0:${value}`))
    await consumer.close()
    await run
  })

  it('G10 a partition that is given again while it is being revoked waits for its handler', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(10)
    let release = () => {}
    const seen: string[] = []
    const run = consumer.run(
      (message) => {
        seen.push(shown(message))
        return seen.length === 4 ? new Promise<void>((resolve) => (release = resolve)) : undefined
      },
      { concurrency: 2 },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 4)
    const revoked = group.revoke(partitionsOf(0))
    await settle()
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(100)
    expect(seen).toHaveLength(4)
    release()
    await until(cluster, () => seen.length > 4)
    await revoked
    await consumer.close()
    await run
  })

  it('G8 the revoked listener runs while the partitions are still owned; nothing is committed after a loss', async () => {
    const events: string[] = []
    const { cluster, group, consumer } = groupConsumer({
      onPartitionsRevoked: async (partitions) => {
        events.push(`revoked ${partitions.length}`)
        await consumer.commit([{ topic: 't', partition: 0, offset: 2n, metadata: 'mine' }])
      },
      onPartitionsLost: (partitions) => void events.push(`lost ${partitions.length}`),
    })
    cluster.log('t', 0).fill(10)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 10)
    await group.revoke(partitionsOf(0))
    expect(group.committed.get('t-0')).toMatchObject({ offset: 2n, metadata: 'mine' })
    await group.assign(partitionsOf(0))
    const commits = group.commits.length
    await group.lose(partitionsOf(0))
    await cluster.clock.advance(20_000)
    expect(group.commits).toHaveLength(commits)
    expect(events).toEqual(['revoked 1', 'lost 1'])
    await consumer.close()
    await run
  })

  it('C6 K9 a kept partition stays paused over a rebalance; one that was revoked comes back unpaused', async () => {
    const { group, consumer } = groupConsumer({}, 2)
    const run = consumer.run(() => {})
    await group.assign(partitionsOf(0, 1))
    consumer.pause(partitionsOf(0, 1))
    await group.revoke(partitionsOf(1))
    expect(consumer.paused()).toEqual(partitionsOf(0))
    await group.assign(partitionsOf(1))
    expect(consumer.paused()).toEqual(partitionsOf(0))
    await consumer.close()
    await run
  })

  it('G2 L16 a handler past maxPollIntervalMs loses its partitions, its signal fires, and the member joins again after it', async () => {
    const { cluster, group, consumer } = groupConsumer({ maxPollIntervalMs: 2000, rebalanceTimeoutMs: 1000 })
    cluster.log('t', 0).fill(3)
    let release = () => {}
    let fired = false
    const run = consumer.run((_message, { signal }) => {
      signal.addEventListener('abort', () => (fired = true))
      return new Promise<void>((resolve) => (release = resolve))
    })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(1999)
    expect(group.suspensions).toBe(0)
    await cluster.clock.advance(1)
    expect(group.suspensions).toBe(1)
    expect(fired).toBe(true)
    expect(group.resumptions).toBe(0)
    release()
    await settle()
    expect(group.resumptions).toBe(1)
    expect(group.offsetOf('t', 0)).toBeUndefined()
    const closed = consumer.close()
    await closed
    await run
  })
})
