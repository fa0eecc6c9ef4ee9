// Guards what only a real broker can tell: its TLS and SASL, its way of refusing, its quotas and timeouts.
import { Deadline } from '../../src/base/deadline'
import { systemClock } from '../../src/base/clock'
import { AuthenticationError, ConnectionError, type KafkaError } from '../../src/base/errors'
import { silentLogger } from '../../src/base/logger'
import type { Cluster } from '../../src/cluster/cluster'
import { resolveClusterOptions, type ClusterOptions } from '../../src/cluster/cluster-options'
import { createCluster } from '../../src/cluster/create-cluster'
import { createTopicsApi } from '../../src/wire/generated/client/create-topics'
import { metadataApi } from '../../src/wire/generated/client/metadata'
import { describeEachKafka, describeEachKafkaCluster } from './support/describe-kafka'

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const deadline = (timeoutMs = 20_000) => new Deadline(systemClock, 'the call', timeoutMs)

/** Runs `use` with a cluster that is closed afterwards. */
async function withCluster<T>(options: ClusterOptions, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = createCluster(resolveClusterOptions({ logger: silentLogger, ...options }))
  const lease = cluster.lease()
  try {
    return await use(cluster)
  } finally {
    await lease.release()
  }
}

async function connects(options: ClusterOptions): Promise<void> {
  await withCluster(options, async (cluster) => {
    await cluster.metadata.refresh(deadline())
    expect(cluster.metadata.brokers().length).toBeGreaterThan(0)
    expect(await cluster.coordinator('group', 'network-test', deadline())).toBeGreaterThan(0)
  })
}

async function failsToConnect(options: ClusterOptions): Promise<KafkaError> {
  return await withCluster(options, (cluster) =>
    cluster.metadata.refresh(deadline()).then(
      () => Promise.reject(new Error('It connected')),
      (error: KafkaError) => error,
    ),
  )
}

function createTopic(cluster: Cluster, name: string, partitions: number): Promise<unknown> {
  const topic = { name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs: [] }
  const body = { topics: [topic], timeoutMs: 10_000, validateOnly: false }
  return cluster.request({ kind: 'controller' }, createTopicsApi, body, {
    deadline: deadline(),
    errorOf: (response) => response.topics[0],
  })
}

describeEachKafka('a cluster over plaintext', (kafka) => {
  test('says within a second that nothing listens at the given address', async () => {
    const before = performance.now()
    const error = await failsToConnect({ brokers: ['localhost:1'] })
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/connection refused.*check the option brokers/)
    expect(performance.now() - before).toBeLessThan(2000)
  })

  test('one address that answers is enough', async () => {
    await connects({ brokers: ['localhost:1', ...kafka.bootstrap, 'nowhere.invalid:9092'] })
  })

  test('waits for a topic that is created meanwhile, and knows its leaders', async () => {
    await withCluster({ brokers: kafka.bootstrap, logger: silentLogger }, async (cluster) => {
      const name = kafka.uniqueName('network')
      const known = cluster.metadata.requireTopics([name], deadline(), { allowAutoTopicCreation: false })
      await createTopic(cluster, name, 3)
      await known
      const topic = cluster.metadata.topic(name)
      expect(topic?.partitions.length).toBe(3)
      expect(cluster.metadata.topicName(topic?.topicId ?? '')).toBe(name)
    })
  })

  test('reports an error of the broker with its own name', async () => {
    await withCluster({ brokers: kafka.bootstrap, logger: silentLogger }, async (cluster) => {
      await expect(createTopic(cluster, kafka.uniqueName('network'), -7)).rejects.toMatchObject({
        code: 'INVALID_PARTITIONS',
      })
    })
  })

  test('reads a response of megabytes, and refuses it where the limit is lower', async () => {
    const name = kafka.uniqueName('network-large')
    await withCluster({ brokers: kafka.bootstrap, logger: silentLogger }, async (cluster) => {
      await createTopic(cluster, name, 100)
      await cluster.metadata.requireTopics([name], deadline(), { allowAutoTopicCreation: false })
      const topics = Array.from({ length: 1000 }, () => ({ name }))
      const response = await cluster.request(
        { kind: 'any' },
        metadataApi,
        { topics },
        { deadline: deadline() },
      )
      expect(response.topics.every((topic) => topic.partitions.length === 100)).toBe(true)
    })
    const error = await withCluster({ brokers: kafka.bootstrap, maxResponseBytes: 1024 }, (cluster) =>
      cluster
        .request({ kind: 'any' }, metadataApi, { topics: [{ name }] }, { deadline: deadline(3000) })
        .then(
          () => Promise.reject(new Error('It was read')),
          (cause: KafkaError) => cause,
        ),
    )
    expect(error.message).toMatch(/larger than maxResponseBytes \(1024\)/)
  })

  test('every version of Metadata that both sides have tells the same', async () => {
    await withCluster({ brokers: kafka.bootstrap, logger: silentLogger }, async (cluster) => {
      const name = kafka.uniqueName('network-versions')
      await createTopic(cluster, name, 2)
      await cluster.metadata.requireTopics([name], deadline(), { allowAutoTopicCreation: false })
      const nodeId = cluster.metadata.brokers()[0]?.nodeId ?? -1
      const highest = await cluster.negotiatedVersion(nodeId, metadataApi)
      for (let version = 0; version <= highest; version++) {
        const limits = { minVersion: version, maxVersion: version }
        const response = await cluster.send(nodeId, metadataApi, { topics: [{ name }] }, limits)
        expect([version, response.topics[0]?.partitions.length]).toEqual([version, 2])
      }
    })
  })
})

describeEachKafka(
  'TLS and SASL',
  (kafka) => {
    const alice = () => ({ username: 'alice', password: kafka.sasl.users['alice'] ?? '' })

    test('connects over TLS with the authority that signed the certificate', async () => {
      await connects({ brokers: kafka.tls.bootstrap, tls: { ca: kafka.tls.ca } })
    })

    test('connects with a client certificate', async () => {
      const { certificate: cert, key } = kafka.tls.client
      await connects({ brokers: kafka.tls.bootstrap, tls: { ca: kafka.tls.ca, cert, key } })
    })

    test('connects by an IP address that the certificate names', async () => {
      const brokers = kafka.tls.bootstrap.map((address) => address.replace('localhost', '127.0.0.1'))
      await connects({ brokers, tls: { ca: kafka.tls.ca } })
    })

    test('refuses a certificate of an unknown authority', async () => {
      const error = await failsToConnect({ brokers: kafka.tls.bootstrap, tls: true })
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error).toMatchObject({ code: 'TLS_CERTIFICATE_REFUSED' })
      expect(error.message).toMatch(/tls\.ca/)
    })

    test('refuses a certificate for another name', async () => {
      const tls = { ca: kafka.tls.ca, servername: 'kafka.example.org' }
      const error = await failsToConnect({ brokers: kafka.tls.bootstrap, tls })
      expect(error).toMatchObject({ code: 'TLS_CERTIFICATE_REFUSED' })
    })

    test('says so when TLS is spoken to a plaintext listener', async () => {
      const error = await failsToConnect({ brokers: kafka.bootstrap, tls: { ca: kafka.tls.ca } })
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({ code: 'TLS_HANDSHAKE_CLOSED', retriable: false })
      expect(error.message).toMatch(/leave out tls/)
    })

    test('says so when plaintext is spoken to a TLS listener', async () => {
      const error = await failsToConnect({ brokers: kafka.tls.bootstrap })
      expect(error).toMatchObject({ code: 'TLS_REQUIRED', retriable: false })
      expect(error.message).toMatch(/set the option tls/)
    })

    test('says so when a SASL listener is spoken to without SASL', async () => {
      const error = await failsToConnect({ brokers: kafka.sasl.bootstrap })
      expect(error).toMatchObject({ code: 'CLOSED_BEFORE_USE', retriable: false })
      expect(error.message).toMatch(/does the listener expect SASL/)
    })

    test('says so when a listener has no SASL', async () => {
      const sasl = { mechanism: 'PLAIN', ...alice() } as const
      const error = await failsToConnect({ brokers: kafka.bootstrap, sasl })
      expect(error).toMatchObject({ code: 'ILLEGAL_SASL_STATE' })
    })

    test.each(mechanisms)('authenticates by %s', async (mechanism) => {
      await connects({ brokers: kafka.sasl.bootstrap, sasl: { mechanism, ...alice() } })
    })

    test.each(mechanisms)('authenticates by %s over TLS', async (mechanism) => {
      const tls = { ca: kafka.saslTls.ca }
      await connects({ brokers: kafka.saslTls.bootstrap, tls, sasl: { mechanism, ...alice() } })
    })

    test.each(mechanisms)('a wrong password by %s is final and is not shown', async (mechanism) => {
      const sasl = { mechanism, username: 'alice', password: 'not-the-password' }
      const error = await failsToConnect({ brokers: kafka.sasl.bootstrap, sasl })
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error).toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED', retriable: false })
      expect(error.message).toMatch(/Authentication failed/)
      expect(error.message).not.toContain('not-the-password')
    })

    test('an unknown mechanism is answered with those the broker has', async () => {
      const sasl = {
        name: 'SCRAM-MD5',
        start: () => ({ first: () => Buffer.alloc(0), next: () => undefined }),
      }
      const error = await failsToConnect({ brokers: kafka.sasl.bootstrap, sasl })
      expect(error).toMatchObject({ code: 'UNSUPPORTED_SASL_MECHANISM' })
      for (const mechanism of mechanisms) expect(error.message).toContain(mechanism)
    })
  },
  { needs: ['security'] },
)

describeEachKafkaCluster(
  'sessions that end and connections the broker closes',
  { brokerConfig: { 'connections.max.reauth.ms': '1500', 'connections.max.idle.ms': '2500' } },
  (kafka) => {
    test('N12: authenticates again under load without a lost request', async () => {
      const sasl = {
        mechanism: 'SCRAM-SHA-256',
        username: 'alice',
        password: kafka.sasl.users['alice'] ?? '',
      } as const
      await withCluster({ brokers: kafka.sasl.bootstrap, sasl }, async (cluster) => {
        await cluster.metadata.refresh(deadline())
        const nodeId = cluster.metadata.brokers()[0]?.nodeId ?? -1
        const end = performance.now() + 5000
        let answered = 0
        while (performance.now() < end) {
          const calls = Array.from({ length: 5 }, () => cluster.send(nodeId, metadataApi, { topics: [] }))
          answered += (await Promise.all(calls)).length
        }
        expect(answered).toBeGreaterThan(100)
      })
    }, 30_000)

    test('N5: a request after the broker closed the idle connection is answered', async () => {
      await withCluster({ brokers: kafka.bootstrap }, async (cluster) => {
        await cluster.metadata.refresh(deadline())
        const nodeId = cluster.metadata.brokers()[0]?.nodeId ?? -1
        for (let i = 0; i < 2; i++) {
          await new Promise((resolve) => setTimeout(resolve, 4500))
          await cluster.send(nodeId, metadataApi, { topics: [] })
        }
      })
    }, 30_000)
  },
)

describeEachKafkaCluster(
  'L20: three nodes, of which one fails',
  { nodes: 3, versions: ['4.3.1'], brokerConfig: { 'broker.session.timeout.ms': '6000' } },
  (kafka) => {
    test('what waits at a frozen broker fails when the cluster drops it, long before the request timeout', async () => {
      await withCluster({ brokers: kafka.bootstrap }, async (cluster) => {
        await cluster.metadata.refresh(deadline())
        await cluster.send(3, metadataApi, { topics: [] })
        kafka.node(3).pause()
        try {
          const before = performance.now()
          let error: KafkaError | undefined
          // The system stops the threads of a process one after the other: one may still answer.
          for (let i = 0; i < 20 && error === undefined; i++) {
            error = await cluster.send(3, metadataApi, { topics: [] }).then(
              () => undefined,
              (cause: KafkaError) => cause,
            )
          }
          expect(error).toBeInstanceOf(ConnectionError)
          expect(performance.now() - before).toBeLessThan(20_000)
        } finally {
          kafka.node(3).resume()
        }
        await cluster.metadata.refresh(deadline())
      })
    }, 60_000)

    test('a killed broker does not keep the others from answering', async () => {
      await withCluster({ brokers: kafka.bootstrap }, async (cluster) => {
        await cluster.metadata.refresh(deadline())
        await kafka.node(2).kill()
        const before = performance.now()
        for (let i = 0; i < 20; i++) {
          const options = { deadline: deadline(5000) }
          await cluster.request({ kind: 'any' }, metadataApi, { topics: [] }, options)
        }
        expect(performance.now() - before).toBeLessThan(3000)
        await kafka.node(2).start()
      })
    }, 60_000)
  },
)
