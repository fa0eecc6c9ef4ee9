import 'reflect-metadata'
import type { INestMicroservice } from '@nestjs/common'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  ClientKafka,
  Ctx,
  EventPattern,
  KafkaContext,
  type KafkaOptions,
  KafkaRetriableException,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices'
import { Kafka } from 'kafkajs'
import { firstValueFrom, from, lastValueFrom, toArray } from 'rxjs'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// A service of NestJS with two replicas: it answers requests, takes events, and topics by a regular expression. Two clients
// ask it, whose answers come to a partition of their own: their assigner is NestJS's.

interface Sum {
  total: number
  replica: string
}

interface Taken {
  data: unknown
  topic: string
  partition: number
  key: unknown
  offset: string
  from: unknown
}

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'tests', logLevel: 0 })
  const topics = {
    sum: name('sum'),
    fail: name('fail'),
    many: name('many'),
    created: name('created'),
    flaky: name('flaky'),
    manual: name('manual'),
  }
  const audits = [`${name('audit')}.login`, `${name('audit')}.logout`]
  const taken: Taken[] = []
  const audited: { topic: string; data: unknown }[] = []
  const attempts: string[] = []
  const committed: unknown[] = []

  /** The controller of one replica. */
  function controllerOf(replica: string): new () => object {
    @Controller()
    class Service {
      @MessagePattern(topics.sum)
      sum(@Payload() numbers: number[]): Sum {
        return { total: numbers.reduce((all, each) => all + each, 0), replica }
      }

      @MessagePattern(topics.fail)
      fail(): never {
        throw new RpcException('refused by the service')
      }

      @MessagePattern(topics.many)
      many(@Payload() count: number) {
        return from(Array.from({ length: Number(count) }, (_, index) => ({ index })))
      }

      @EventPattern<string>(topics.created)
      created(@Payload() data: unknown, @Ctx() context: KafkaContext): void {
        const { key, offset, headers } = context.getMessage()
        const [topic, partition] = [context.getTopic(), context.getPartition()]
        taken.push({ data, topic, partition, key, offset, from: headers?.['from'] })
      }

      @EventPattern<string>(topics.flaky)
      flaky(@Payload() data: { id: string }): void {
        attempts.push(data.id)
        if (attempts.length === 1) throw new KafkaRetriableException('not yet')
      }

      @EventPattern<string>(topics.manual)
      async manual(@Payload() data: unknown, @Ctx() context: KafkaContext): Promise<void> {
        await context.getHeartbeat()()
        const [topic, partition] = [context.getTopic(), context.getPartition()]
        const offset = String(BigInt(context.getMessage().offset) + 1n)
        await context.getConsumer().commitOffsets([{ topic, partition, offset }])
        committed.push(data)
      }

      @EventPattern<unknown>(new RegExp(`^${name('audit')}\\..*$`))
      audit(@Payload() data: unknown, @Ctx() context: KafkaContext): void {
        audited.push({ topic: context.getTopic(), data })
      }
    }
    return Service
  }

  async function startReplica(replica: string): Promise<INestMicroservice> {
    @Module({ controllers: [controllerOf(replica)] })
    class Application {}
    const app = await NestFactory.createMicroservice<KafkaOptions>(Application, {
      transport: Transport.KAFKA,
      logger: false,
      options: {
        client: { brokers, clientId: `service-${replica}`, retry: { initialRetryTime: 50 } },
        consumer: { groupId: name('service'), heartbeatInterval: 200, maxWaitTimeInMs: 100 },
        subscribe: { fromBeginning: true },
      },
    })
    await app.listen()
    return app
  }

  async function startClient(clientId: string): Promise<ClientKafka> {
    const client = new ClientKafka({
      client: { brokers, clientId, logLevel: 0 },
      consumer: { groupId: name('askers'), heartbeatInterval: 200, maxWaitTimeInMs: 100 },
    })
    for (const topic of [topics.sum, topics.fail, topics.many]) client.subscribeToResponseOf(topic)
    await client.connect()
    return client
  }

  const admin = kafka.admin()
  await admin.connect()
  const membersOf = async (groupId: string): Promise<number> => {
    const { groups } = await admin.describeGroups([groupId])
    return groups[0]?.state === 'Stable' ? groups[0].members.length : 0
  }
  const grown = async (groupId: string, count: number): Promise<void> => {
    for (let left = 200; (await membersOf(groupId)) !== count; left--) {
      if (left === 0) throw new Error(`${groupId} has not come to ${count} members`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const requests = [topics.sum, topics.fail, topics.many]
  await createTopics(
    kafka,
    ...[...requests, topics.created].map((topic) => ({ topic, numPartitions: 4 })),
    ...requests.map((topic) => ({ topic: `${topic}.reply`, numPartitions: 2 })),
    ...[topics.flaky, topics.manual, ...audits],
  )
  const replicas = [await startReplica('a'), await startReplica('b')]
  const clients = [await startClient('one'), await startClient('two')]
  const [one, two] = clients as [ClientKafka, ClientKafka]
  await Promise.all([grown(`${name('service')}-server`, 2), grown(`${name('askers')}-client`, 2)])

  const ask = async (client: ClientKafka, numbers: number[]): Promise<Sum> =>
    await firstValueFrom(client.send<Sum>(topics.sum, JSON.stringify(numbers)))
  const askOften = async (client: ClientKafka, count: number): Promise<Sum[]> =>
    await Promise.all(Array.from({ length: count }, (_, index) => ask(client, [index, 1])))
  const totals = (sums: Sum[]): number[] => sums.map(({ total }) => total)
  const replicasOf = (sums: Sum[]): string[] => [...new Set(sums.map(({ replica }) => replica))].sort()

  await check('requests are answered in order of asking, by both replicas', async () => {
    const sums = await askOften(one, 20)
    return { totals: totals(sums), replicas: replicasOf(sums) }
  })
  await check('a second client of the group gets its own answers', async () => {
    const [mine, others] = await Promise.all([askOften(two, 10), askOften(one, 10)])
    return [totals(mine), totals(others)]
  })
  await check('each client has one partition of each reply topic', async () =>
    clients
      .map((client) =>
        Object.entries(client.getConsumerAssignments()).map(([topic, partition]) => ({ topic, partition })),
      )
      .map((assigned) => assigned.sort((a, b) => (a.topic < b.topic ? -1 : 1)))
      .sort((a, b) => Number(a[0]?.partition) - Number(b[0]?.partition)),
  )
  await check(
    'a refusal comes back as the error of the request',
    async () =>
      await firstValueFrom(one.send(topics.fail, 'x')).catch((error: unknown) => ({ refused: error })),
  )
  await check(
    'an answer of many values comes back as a stream',
    async () => await lastValueFrom(one.send(topics.many, '3').pipe(toArray())),
  )
  await check('an event is taken once, with its key, headers, topic and partition', async () => {
    await lastValueFrom(one.emit(topics.created, { key: 'k', value: { id: 1 }, headers: { from: 'client' } }))
    await until(() => taken.length > 0, 'the event')
    return taken
  })
  await check('events of a batch are all taken', async () => {
    const messages = Array.from({ length: 6 }, (_, id) => ({ value: { id } }))
    await lastValueFrom(one.emitBatch(topics.created, { messages }))
    await until(() => taken.length >= 7, 'all events')
    return taken
      .slice(1)
      .map(({ data }) => (data as { id: number }).id)
      .sort()
  })
  await check('topics by a regular expression are subscribed to', async () => {
    for (const [index, topic] of audits.entries()) await lastValueFrom(one.emit(topic, { index }))
    await until(() => audited.length >= 2, 'both')
    return audited.sort((a, b) => (a.topic < b.topic ? -1 : 1))
  })
  await check('an event that failed with a retriable exception comes again', async () => {
    await lastValueFrom(one.emit(topics.flaky, { id: 'e1' }))
    await until(() => attempts.length >= 2, 'the second attempt')
    return attempts
  })
  await check('a handler may send heartbeats, and commit by hand', async () => {
    await lastValueFrom(one.emit(topics.manual, { id: 'm1' }))
    await until(() => committed.length >= 1, 'the commit')
    const groupId = `${name('service')}-server`
    const offsets = await admin.fetchOffsets({ groupId, topics: [topics.manual] })
    return { committed, offsets: offsets.flatMap(({ partitions }) => partitions.map(({ offset }) => offset)) }
  })
  await check('when a replica ends, the other one answers everything', async () => {
    await replicas[1]?.close()
    await grown(`${name('service')}-server`, 1)
    const sums = await askOften(two, 12)
    return { totals: totals(sums), replicas: replicasOf(sums) }
  })
  await check('clients and replicas close', async () => {
    await Promise.all(clients.map((client) => client.close()))
    await replicas[0]?.close()
  })
  await admin.disconnect()
})
