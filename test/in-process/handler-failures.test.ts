// Guards the error policy where it meets brokers and groups: a dead letter is stored once and before its message counts as
// finished, retries move with their partition, and a process that dies in the middle of them loses nothing.
import { deadLetter, deadLetterHeaders, Kafka, type Message } from '../../src'
import { simulate, type Simulation, type StoredRecord } from '../../src/testing'

type Consumer = ReturnType<Kafka['consumer']>

const kafkaOf = (sim: Simulation, clientId: string) => new Kafka({ ...sim.clientOptions(), clientId })

const reader = (kafka: Kafka): Consumer =>
  kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    sessionTimeoutMs: 6000,
    heartbeatIntervalMs: 500,
    autoCommitIntervalMs: 100,
  })

async function fill(sim: Simulation, count: number, partitions = 1): Promise<void> {
  sim.cluster.createTopic('t', { partitions })
  const producer = kafkaOf(sim, 'filler').producer()
  for (let partition = 0; partition < partitions; partition++) {
    await producer.send(
      't',
      Array.from({ length: count }, (_, i) => ({ key: `k${i % 3}`, value: String(i), partition })),
    )
  }
  await producer.close()
}

const committedOf = (sim: Simulation, partition = 0): bigint | undefined =>
  sim.cluster.group('g')?.offsets.find((one) => one.topic === 't' && one.partition === partition)?.offset

async function until(sim: Simulation, condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return
    await sim.sleep(20)
  }
  throw new Error(`${what} did not come about`)
}

const headerOf = (record: StoredRecord | undefined, name: string): string | undefined =>
  record?.headers.find(({ key }) => key === name)?.value?.toString()

/** All requests of this client are lost from now on: for the cluster it is dead. */
function cutOff(sim: Simulation, clientId: string): void {
  for (const api of ['Heartbeat', 'OffsetCommit', 'Fetch', 'LeaveGroup', 'JoinGroup', 'SyncGroup'] as const) {
    sim.cluster.on(api, (_request, exchange) => {
      if (exchange.clientId === clientId) exchange.drop()
    })
  }
}

describe.each(['partition', 'key', 'none'] as const)('order %s', (order) => {
  test('C13: a dead letter whose answers are lost is stored once, and its message is finished after it', () =>
    simulate(21, async (sim) => {
      await fill(sim, 6)
      sim.cluster.createTopic('t.dead-letter', { partitions: 1 })
      const kafka = kafkaOf(sim, 'worker')
      const producer = kafka.producer({ requestTimeoutMs: 1000 })
      const consumer = reader(kafka)
      let lost = 0
      sim.cluster.on('Produce', (_request, exchange) => {
        expect(committedOf(sim) ?? 0n).toBeLessThanOrEqual(3n)
        if (lost++ < 3) exchange.drop({ after: 'acting' })
      })
      const done: string[] = []
      const running = consumer.run(
        (message) => {
          if (message.offset === 3n) throw new TypeError('no such field')
          done.push(String(message.rawValue))
        },
        { order, onError: { retries: 1, retryBackoffMs: 50, giveUp: deadLetter(producer) } },
      )
      await until(sim, () => committedOf(sim) === 6n, 'the commit of all')
      await consumer.close()
      await running
      await producer.close()
      expect(sim.cluster.failures).toEqual([])
      expect(lost).toBeGreaterThan(3)
      expect([...done].sort()).toEqual(['0', '1', '2', '4', '5'])
      const letters = sim.cluster.records('t.dead-letter')
      expect(letters.map(({ value }) => String(value))).toEqual(['3'])
      const [letter] = letters
      const [original] = sim.cluster.records('t').filter(({ offset }) => offset === 3n)
      expect([String(letter?.key), letter?.timestamp]).toEqual([String(original?.key), original?.timestamp])
      expect(headerOf(letter, deadLetterHeaders.error)).toBe('TypeError')
      expect(headerOf(letter, deadLetterHeaders.offset)).toBe('3')
      expect(headerOf(letter, deadLetterHeaders.attempts)).toBe('2')
    }))

  test('a topic that cannot be written stops the run with both errors, and the message comes again', () =>
    simulate(22, async (sim) => {
      await fill(sim, 6)
      sim.cluster.createTopic('t.dead-letter', { configs: { 'max.message.bytes': '10' } })
      const kafka = kafkaOf(sim, 'worker')
      const producer = kafka.producer()
      const consumer = reader(kafka)
      const onError = { retries: 0, giveUp: deadLetter(producer) }
      const error: unknown = await consumer
        .run((message) => void failAt(message, 3n), { order, onError })
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'DEAD_LETTER_FAILED' })
      const seen: bigint[] = []
      const again = consumer.run((message) => void seen.push(message.offset))
      await until(sim, () => seen.includes(5n), 'the rest')
      expect(seen).toContain(3n)
      await consumer.close()
      await again
      await producer.close()
    }))

  test('L14 G10: a rebalance in the middle of a backoff takes the message to another member, and nothing is committed over it', () =>
    simulate(23, async (sim) => {
      const partitions = 4
      await fill(sim, 10, partitions)
      const first = reader(kafkaOf(sim, 'first'))
      const second = reader(kafkaOf(sim, 'second'))
      const attempts: { member: string; partition: number; attempt: number }[] = []
      const handled = new Set<string>()
      const work =
        (member: string) =>
        (message: Message, { attempt }: { readonly attempt: number }) => {
          if (message.offset === 5n && member === 'first') {
            attempts.push({ member, partition: message.partition, attempt })
            throw new Error('not on this member')
          }
          handled.add(`${message.partition}:${message.offset}`)
        }
      const onError = { retries: Infinity, retryBackoffMs: 20_000, retryBackoffMaxMs: 20_000 }
      const done = new AbortController()
      const options = { order, onError, signal: done.signal, concurrency: 4 } as const
      const running = [first.run(work('first'), options)]
      await until(sim, () => attempts.length === partitions, 'a failure in each partition')
      const before = sim.now
      running.push(second.run(work('second'), options))
      await until(sim, () => second.assignment().length === 2, 'the rebalance')
      await until(
        sim,
        () => second.assignment().every(({ partition }) => committedOf(sim, partition) === 10n),
        'the messages on the other member',
      )
      // The backoff of 16 s or more neither held up the rebalance nor went on after it.
      expect(sim.now - before).toBeLessThan(8000)
      const kept = first.assignment().map(({ partition }) => partition)
      for (const partition of kept) expect(committedOf(sim, partition) ?? 0n).toBe(5n)
      const moved = second.assignment().map(({ partition }) => partition)
      await sim.sleep(30_000)
      expect(attempts.filter(({ partition }) => moved.includes(partition))).toHaveLength(2)
      expect(
        attempts
          .filter(({ attempt }) => attempt === 2)
          .map(({ partition }) => partition)
          .sort(),
      ).toEqual(kept)
      done.abort()
      await Promise.all(running)
      await Promise.all([first.close(), second.close()])
    }))

  test('C13 L15: a process that dies during retries loses nothing: all that was not finished comes again elsewhere', () =>
    simulate(24, async (sim) => {
      await fill(sim, 40)
      const first = reader(kafkaOf(sim, 'first'))
      const finished = new Set<bigint>()
      const attempts: number[] = []
      const onError = { retries: Infinity, retryBackoffMs: 300, retryBackoffMaxMs: 300 }
      const running = first.run(
        async (message, { attempt, signal }) => {
          if (message.offset === 7n) {
            attempts.push(attempt)
            throw new Error('stuck')
          }
          await sim.sleep(20)
          if (!signal.aborted) finished.add(message.offset)
        },
        { order, onError, concurrency: 3 },
      )
      await until(sim, () => attempts.length >= 3, 'some retries')
      expect(committedOf(sim)).toBe(7n)
      cutOff(sim, 'first')
      const second = reader(kafkaOf(sim, 'second'))
      const seen: bigint[] = []
      const rest = second.run((message) => void seen.push(message.offset))
      await until(sim, () => committedOf(sim) === 40n, 'the commit of all by the other member')
      // From the message that was being retried, in order, finished by the first member or not.
      expect(seen).toEqual(Array.from({ length: 33 }, (_, i) => BigInt(i + 7)))
      const closed = first.close({ timeoutMs: 0 })
      await second.close()
      await Promise.all([closed, running.catch(() => undefined), rest])
      expect(committedOf(sim)).toBe(40n)
    }))
})

test('C13: a process that dies within a batch is followed from where its handler said that it had come', () =>
  simulate(25, async (sim) => {
    await fill(sim, 30)
    const first = reader(kafkaOf(sim, 'first'))
    const running = first.runBatches(
      async (batch, { finish, signal }) => {
        for (const message of batch) {
          if (message.offset === 12n)
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          finish(message)
        }
      },
      { maxMessages: 30 },
    )
    await until(sim, () => committedOf(sim) === 12n, 'the commit within the batch')
    cutOff(sim, 'first')
    const second = reader(kafkaOf(sim, 'second'))
    const seen: bigint[] = []
    const rest = second.runBatches((batch) => void seen.push(...[...batch].map(({ offset }) => offset)))
    await until(sim, () => committedOf(sim) === 30n, 'the commit of all')
    expect(seen[0]).toBe(12n)
    await Promise.all([first.close({ timeoutMs: 0 }), running, second.close(), rest])
    expect(committedOf(sim)).toBe(30n)
  }))

function failAt({ offset }: Message, at: bigint): void {
  if (offset === at) throw new Error(`failed at ${at}`)
}
