// Guards what docs/testing.md tells users: that brokers can be looked into, broken and secured as it says.
import { AdminError, isKafkaError, Kafka, type KafkaError } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, createCluster, type TestCluster, type TestClusterOptions } from '../../src/testing'
import { createCertificateAuthority } from '../kafka/support/certificates'
import { rejectionOf } from '../support/rejection'

const clusters: TestCluster[] = []
const clients: { close(): Promise<void> }[] = []

async function start(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await createCluster({ logger: silentLogger, network: 'memory', ...options })
  clusters.push(cluster)
  return cluster
}

function connect(cluster: TestCluster, options: Partial<ConstructorParameters<typeof Kafka>[0]> = {}): Kafka {
  return new Kafka({ ...cluster.clientOptions(), logger: silentLogger, retryBackoffMs: 20, ...options })
}

function closing<Client extends { close(): Promise<void> }>(client: Client): Client {
  clients.push(client)
  return client
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  for (const cluster of clusters.splice(0)) {
    expect(cluster.failures).toEqual([])
    await cluster.close()
    await cluster.close()
  }
})

describe('a cluster for tests', () => {
  test.each([
    [{ brokers: 0 }, /option 'brokers' is 0: at least 1 is needed/],
    [{ brokrs: 2 }, /unknown option 'brokrs', did you mean 'brokers'\?/],
    [{ version: '9.9' }, /'version' is '9.9'/],
    [{ racks: ['a', 'b'] }, /One rack a broker/i],
    [{ configs: { 'mesage.max.bytes': 1 } }, /did you mean 'message.max.bytes'\?/],
    [{ configs: { 'message.max.bytes': 'many' } }, /message.max.bytes/],
    [{ sasl: { mechanisms: ['GSSAPI'] } }, /PLAIN/],
    [{ topics: [{ name: 'a b' }] }, /INVALID_TOPIC_EXCEPTION/],
    [{ topics: [{ name: 'a', configs: { retention: '1' } }] }, /Unknown topic config name: retention/],
  ])('%j ends in an error that says what is wrong', async (options, problem) => {
    const error = await rejectionOf(createCluster({ logger: silentLogger, ...options } as TestClusterOptions))
    expect(isKafkaError(error)).toBe(true)
    expect(error.message).toMatch(problem)
  })

  test('a port in use is named, and nothing is left listening', async () => {
    const first = await createBroker({ logger: silentLogger })
    const port = Number(first.bootstrap[0]?.split(':')[1])
    const error = await rejectionOf(createCluster({ brokers: 2, port, logger: silentLogger }))
    expect(error.message).toContain(`another program listens on 127.0.0.1:${port}`)
    await first.close()
    const again = await createBroker({ port, logger: silentLogger })
    await again.close()
  })

  test('shows records, groups with their members and offsets, topics and requests', async () => {
    const cluster = await start({ topics: [{ name: 'orders', partitions: 2 }] })
    const kafka = connect(cluster, { clientId: 'shop' })
    const producer = closing(kafka.producer())
    await producer.send('orders', {
      partition: 1,
      key: 'k',
      value: 'v',
      headers: { a: 'b' },
      timestamp: 1000,
    })
    expect(cluster.records('orders')).toMatchObject([
      {
        partition: 1,
        offset: 0n,
        timestamp: 1000,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        sequence: 0,
      },
    ])
    expect(cluster.records('orders', 0)).toEqual([])
    expect(cluster.topics).toMatchObject([{ name: 'orders', partitions: 2 }])

    const consumer = closing(kafka.consumer({ groupId: 'g', topics: ['orders'], startFrom: 'earliest' }))
    const done = new AbortController()
    await consumer.run(() => done.abort(), { signal: done.signal })
    expect(cluster.group('g')).toMatchObject({
      kind: 'classic',
      state: 'Stable',
      members: [{ clientId: 'shop', assignment: [{ topic: 'orders', partitions: [0, 1] }] }],
    })
    await consumer.close()
    expect(cluster.group('g')).toMatchObject({ state: 'Empty', members: [] })
    expect(cluster.group('g')?.offsets).toContainEqual({
      topic: 'orders',
      partition: 1,
      offset: 1n,
      metadata: '',
    })
    const commit = await cluster.requests.waitFor('OffsetCommit', ({ request }) => request.groupId === 'g')
    expect(commit).toMatchObject({ clientId: 'shop', outcome: 'answered' })
    expect(() => cluster.records('ordres')).toThrow(/There is no topic 'ordres'.*'orders'/)
    expect(() => cluster.partition('orders', 7)).toThrow(/no partition 7; it has 2/)
    await expect(cluster.stopBroker(9)).rejects.toThrow(/no broker 9/)
  })

  test('brokers stop, start, freeze and lose leaders while messages flow, and nothing is lost', async () => {
    const cluster = await start({
      brokers: 3,
      network: 'tcp',
      topics: [{ name: 't', partitions: 3, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } }],
    })
    const producer = closing(connect(cluster, { requestTimeoutMs: 2000 }).producer())
    const sent: Promise<unknown>[] = []
    const burst = () => {
      for (let i = 0; i < 100; i++)
        sent.push(producer.send('t', { partition: i % 3, value: `${sent.length}` }))
    }
    burst()
    await cluster.stopBroker(1, { kill: true })
    burst()
    await cluster.startBroker(1)
    cluster.pauseBroker(2)
    burst()
    await Promise.all(sent)
    cluster.resumeBroker(2)
    for (let partition = 0; partition < 3; partition++) cluster.moveLeader('t', partition, 3)
    burst()
    await Promise.all(sent)
    for (let partition = 0; partition < 3; partition++) {
      const values = cluster.records('t', partition).map(({ value }) => Number(value))
      expect(values).toEqual(Array.from(sent, (_, i) => i).filter((i) => (i % 100) % 3 === partition))
    }
  }, 30_000)

  test('memory is bounded: past maxBytes produce fails with KAFKA_STORAGE_ERROR, and the log says why', async () => {
    const lines: string[] = []
    const logger = { ...silentLogger, error: (line: string) => void lines.push(line) }
    const cluster = await start({ maxBytes: 100_000, logger, topics: [{ name: 't' }] })
    const producer = closing(
      connect(cluster, { requestTimeoutMs: 500 }).producer({
        deliveryTimeoutMs: 1500,
        batchSizeBytes: 20_000,
      }),
    )
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => producer.send('t', { value: 'x'.repeat(10_000) })),
    )
    const failed = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(failed.length).toBeGreaterThan(5)
    expect(failed.length).toBeLessThan(20)
    expect((failed[0]?.reason as KafkaError).message).toContain('KAFKA_STORAGE_ERROR')
    expect(lines.join()).toContain('maxBytes')
    expect(cluster.storage.usedBytes).toBeLessThanOrEqual(100_000)
    cluster.deleteTopic('t')
    expect(cluster.storage.usedBytes).toBe(0)
  })

  test('a transaction can end although the memory is full', async () => {
    const cluster = await start({ maxBytes: 12_000, topics: [{ name: 't', partitions: 2 }] })
    const producer = closing(
      connect(cluster, { requestTimeoutMs: 500 }).producer({
        transactionalId: 'tx',
        deliveryTimeoutMs: 1500,
      }),
    )
    const failing = producer.transaction(async (tx) => {
      await tx.send('t', { partition: 0, value: 'x'.repeat(10_000) })
      await tx.send('t', { partition: 1, value: 'x'.repeat(10_000) })
    })
    expect((await rejectionOf(failing)).message).toContain('KAFKA_STORAGE_ERROR')
    // The broker answers the end of a transaction before its markers are written.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(cluster.records('t').at(-1)?.marker).toBe('abort')
  })

  test.each(['3.7', '4.0', '4.3'])('looks like Kafka %s, and our client speaks with it', async (version) => {
    const cluster = await start({ version, topics: [{ name: 't' }] })
    const kafka = connect(cluster)
    const producer = closing(kafka.producer({ transactionalId: 'tx' }))
    await producer.transaction((tx) => tx.send('t', { value: 'x' }))
    const consumer = closing(
      kafka.consumer({
        groupId: 'g',
        topics: ['t'],
        startFrom: 'earliest',
        isolationLevel: 'read_committed',
      }),
    )
    for await (const message of consumer) {
      expect(String(message.value)).toBe('x')
      break
    }
    const [produce] = cluster.requests.filter({ api: 'Produce' })
    expect(produce?.version).toBe({ '3.7': 10, '4.0': 12, '4.3': 13 }[version])
  })

  test('limited versions are what clients negotiate', async () => {
    const cluster = await start({ topics: [{ name: 't' }] })
    cluster.limitVersions('Produce', { max: 7 })
    await closing(connect(cluster).producer()).send('t', { value: 'x' })
    expect(cluster.requests.filter({ api: 'Produce' })[0]?.version).toBe(7)
    expect(() => cluster.limitVersions('Produce', { min: 90 })).toThrow(/No version of Produce is left/)
  })
})

describe('security', () => {
  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s lets users in, and others not',
    async (mechanism) => {
      const cluster = await start({ sasl: { users: { shop: 'secret' } }, topics: [{ name: 't' }] })
      const good = connect(cluster, { sasl: { mechanism, username: 'shop', password: 'secret' } })
      await closing(good.producer()).send('t', { value: 'x' })
      const bad = connect(cluster, { sasl: { mechanism, username: 'shop', password: 'wrong' } })
      expect(await rejectionOf(closing(bad.admin()).listTopics())).toMatchObject({
        code: 'SASL_AUTHENTICATION_FAILED',
      })
      const none = closing(connect(cluster, { requestTimeoutMs: 500 }).admin())
      expect(isKafkaError(await rejectionOf(none.listTopics({ timeoutMs: 1000 })))).toBe(true)
    },
  )

  test('TLS; the client is known by its certificate where one is asked for', async () => {
    const authority = createCertificateAuthority()
    const ca = authority.certificate
    const { key, certificate: cert } = authority.issue({ commonName: 'broker', hosts: ['127.0.0.1'] })
    const own = authority.issue({ commonName: 'shop' })
    const cluster = await start({
      network: 'tcp',
      tls: { key, cert, ca, requestCert: true },
      authorizer: { superUsers: ['User:CN=shop'] },
      topics: [{ name: 't' }],
    })
    const kafka = connect(cluster, { tls: { ca, key: own.key, cert: own.certificate } })
    await closing(kafka.producer()).send('t', { value: 'x' })
    expect(cluster.records('t')).toHaveLength(1)
    const stranger = closing(connect(cluster, { tls: { ca } }).admin())
    expect(isKafkaError(await rejectionOf(stranger.listTopics({ timeoutMs: 1000 })))).toBe(true)
  })

  test('ACLs decide where an authorizer is asked for', async () => {
    const cluster = await start({
      sasl: { users: { admin: 'a', shop: 's' } },
      authorizer: { superUsers: ['User:admin'] },
      topics: [{ name: 't' }],
    })
    const as = (username: string, password: string) =>
      connect(cluster, { sasl: { mechanism: 'PLAIN', username, password } })
    await closing(as('admin', 'a').producer()).send('t', { value: 'x' })
    const refused = await rejectionOf(
      closing(as('shop', 's').producer({ maxBlockMs: 500 })).send('t', { value: 'x' }),
    )
    expect(refused).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
    const admin = closing(as('shop', 's').admin())
    expect(await rejectionOf(admin.createTopics([{ name: 'u', partitions: 1 }]))).toBeInstanceOf(AdminError)
  })
})

describe('faults', () => {
  test('ready faults and own rules fit together, and are taken back', async () => {
    const cluster = await start({ topics: [{ name: 't', partitions: 3 }] })
    const producer = closing(connect(cluster).producer())
    const seen: number[] = []
    cluster.on('Produce', (request, exchange) => {
      seen.push(exchange.apiVersion)
      expect(request.topicData).toHaveLength(1)
    })
    cluster.faults.failProduce({ topic: 't', partition: 2, error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })
    cluster.faults.closeAfter('Produce', { times: 1 })
    await Promise.all([0, 1, 2].map((partition) => producer.send('t', { partition, value: 'x' })))
    expect(cluster.records('t')).toHaveLength(3)
    expect(seen.length).toBeGreaterThanOrEqual(3)
    cluster.clearFaults()
    seen.length = 0
    await producer.send('t', { value: 'y' })
    expect(seen).toEqual([])
  })

  test('slow, torn and cut connections are survived', async () => {
    const cluster = await start({ network: 'tcp', topics: [{ name: 't' }] })
    cluster.shapeConnections({ toBroker: { splitAtBytes: 1 }, toClient: { splitAtBytes: 1, latencyMs: 1 } })
    const producer = closing(connect(cluster).producer())
    await producer.send('t', { value: 'torn' })
    cluster.shapeConnections({ toBroker: { cutAfterBytes: 20 } })
    cluster.cutConnections()
    const waiting = producer.send('t', { value: 'cut' })
    await cluster.requests.waitFor('Produce')
    cluster.shapeConnections(undefined)
    await waiting
    expect(cluster.records('t').map(({ value }) => String(value))).toEqual(['torn', 'cut'])
  })
})
