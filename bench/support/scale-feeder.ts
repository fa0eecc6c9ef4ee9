import { Kafka, silentLogger } from '../../src'
import { createCluster } from '../../src/testing'

// The other side of consumer-scale.ts, as a process of its own so that its CPU is not counted: starts brokers unless it
// was given some, and fills topics when its parent says so.

/** What the parent asks for; each is answered with `{ done: true }`, the first message tells where the brokers are. */
export type FeederCommand =
  | { readonly kind: 'create'; readonly topic: string; readonly partitions: number }
  /** So many batches of so many messages, spread evenly. */
  | {
      readonly kind: 'fill'
      readonly topic: string
      readonly partitions: number
      readonly batches: number
      readonly batchLength: number
    }
  /** So many single messages a second, each to the next partition in a fixed shuffle. */
  | {
      readonly kind: 'trickle'
      readonly topic: string
      readonly partitions: number
      readonly rate: number
      readonly seconds: number
    }

const value = 'x'.repeat(100)
const given = process.argv[2]

async function main(): Promise<void> {
  const cluster =
    given === undefined
      ? await createCluster({ logger: silentLogger, maxBytes: 2 ** 31, requestLogSize: 0 })
      : undefined
  const brokers = given?.split(',') ?? cluster?.bootstrap ?? []
  const kafka = new Kafka({ brokers, logger: silentLogger })
  process.on('disconnect', () => process.exit())
  process.on('message', (command: FeederCommand) => {
    void carryOut(kafka, command).then(() => process.send?.({ done: true }))
  })
  process.send?.({ brokers })
}

async function carryOut(kafka: Kafka, command: FeederCommand): Promise<void> {
  switch (command.kind) {
    case 'create': {
      await using admin = kafka.admin()
      const { topic: name, partitions } = command
      return await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
    }
    case 'fill':
      return await fill(kafka, command)
    case 'trickle':
      return await trickle(kafka, command)
  }
}

async function fill(kafka: Kafka, command: FeederCommand & { kind: 'fill' }): Promise<void> {
  const { topic, partitions, batches, batchLength } = command
  await using producer = kafka.producer()
  // One call after another for a partition, so that each becomes a batch.
  const perPartition = Math.ceil(batches / partitions)
  for (let round = 0; round < perPartition; round++) {
    for (let first = 0; first < partitions; first += 200) {
      const calls = Array.from({ length: Math.min(200, partitions - first) }, (_, i) => {
        const messages = Array.from({ length: batchLength }, () => ({ partition: first + i, value }))
        return producer.send(topic, messages)
      })
      await Promise.all(calls)
    }
  }
}

async function trickle(kafka: Kafka, command: FeederCommand & { kind: 'trickle' }): Promise<void> {
  const { topic, partitions, rate, seconds } = command
  await using producer = kafka.producer()
  const sends: Promise<unknown>[] = []
  const startedAt = performance.now()
  let sent = 0
  while (sent < rate * seconds) {
    const due = Math.min(rate * seconds, ((performance.now() - startedAt) * rate) / 1000)
    for (; sent < due; sent++)
      sends.push(producer.send(topic, { partition: (sent * 617) % partitions, value }))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(sends)
}

void main()
