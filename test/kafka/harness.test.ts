// Guards against a harness that passes without a broker, that mixes versions, or that leaves brokers behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { consoleTools, runKafkaTool } from './support/java-tools'
import { describeEachKafka, describeEachKafkaCluster } from './support/describe-kafka'
import { askClusterView } from './support/readiness'

const portOf = (address = ''): number => Number(address.split(':')[1])

describeEachKafka(
  'the shared Kafka',
  (kafka) => {
    it('answers on its PLAINTEXT listener as a cluster of one', async () => {
      const view = await askClusterView(portOf(kafka.bootstrap[0]))
      expect(view).toEqual({ brokerIds: [1], controllerId: 1 })
    })

    it('gives names that are used once', () => {
      expect(kafka.uniqueName('topic')).not.toBe(kafka.uniqueName('topic'))
    })

    it.each(['SASL_PLAINTEXT', 'SASL_SSL'])('listens for %s', async (listener) => {
      const addresses = listener === 'SASL_SSL' ? kafka.saslTls : kafka.sasl
      const socket = connect(portOf(addresses.bootstrap[0]), 'localhost')
      await once(socket, 'connect')
      socket.destroy()
    })

    it('shows a certificate that its authority signed, for the host name and the address', async () => {
      for (const servername of ['localhost', '127.0.0.1']) {
        const port = portOf(kafka.tls.bootstrap[0])
        const socket = connectTls({ port, host: servername, ca: kafka.tls.ca })
        await once(socket, 'secureConnect')
        expect(socket.authorized).toBe(true)
        socket.destroy()
      }
    })

    it('carries messages between its own tools, SASL and TLS included', async () => {
      const tools = consoleTools(kafka.version)
      const topic = kafka.uniqueName('console')
      const server = ['--bootstrap-server', kafka.bootstrap.join(',')]
      await runKafkaTool(kafka.version, 'org.apache.kafka.tools.TopicCommand', [
        ...server,
        ...['--create', '--topic', topic, '--partitions', '1'],
      ])
      await runKafkaTool(kafka.version, tools.producer, [...server, '--topic', topic], {
        stdin: 'one\ntwo\n',
      })
      const security = [
        'security.protocol=SASL_SSL',
        'sasl.mechanism=SCRAM-SHA-512',
        `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="alice" password="${kafka.saslTls.users['alice']}";`,
        'ssl.truststore.type=PEM',
        `ssl.truststore.certificates=${kafka.saslTls.ca}`,
      ]
      const read = await runKafkaTool(kafka.version, tools.consumer, [
        ...['--bootstrap-server', kafka.saslTls.bootstrap.join(',')],
        ...['--topic', topic, '--from-beginning', '--max-messages', '2'],
        ...security.flatMap((property) => [tools.consumerConfig, property]),
      ])
      expect(read.trim().split('\n')).toEqual(['one', 'two'])
    })
  },
  { needs: ['security', 'java'] },
)

describeEachKafkaCluster('a cluster of three', { nodes: 3 }, (kafka) => {
  it('has three brokers, and misses one that was killed until it is back on its port', async () => {
    const [first, , third] = kafka.nodes
    const seenByFirst = async (): Promise<number[]> =>
      (await askClusterView(first?.port ?? 0))?.brokerIds ?? []
    expect((await seenByFirst()).sort()).toEqual([1, 2, 3])
    await third?.kill()
    expect(third?.exit).toMatchObject({ signal: 'SIGKILL' })
    while ((await seenByFirst()).includes(3)) await new Promise((resolve) => setTimeout(resolve, 100))
    await third?.start()
    expect((await seenByFirst()).sort()).toEqual([1, 2, 3])
  })

  it('does not answer while it is frozen, and does again afterwards', async () => {
    const [first] = kafka.nodes
    first?.pause()
    expect(await askClusterView(first?.port ?? 0, 500)).toBeNull()
    first?.resume()
    await first?.start()
  })
})

describeEachKafkaCluster('a test run that is killed', { nodes: 1, versions: ['4.3.1'] }, () => {
  it('leaves no broker and no data behind', async () => {
    const child = spawn('npx', ['tsx', 'test/kafka/support/start-and-wait.ts'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const { folder, pids, parent } = JSON.parse(line) as { folder: string; pids: number[]; parent: number }
    expect(pids.every(isAlive) && existsSync(join(folder, 'node-1'))).toBe(true)
    process.kill(parent, 'SIGKILL')
    while (pids.some(isAlive) || existsSync(folder)) await new Promise((resolve) => setTimeout(resolve, 50))
  })
})

/** A process that has ended but that nobody has asked about yet (a zombie) counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
