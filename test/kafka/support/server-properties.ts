import type { Certificate, CertificateAuthority } from './certificates'

/** The ports of one node, by listener. */
export interface NodePorts {
  PLAINTEXT: number
  SSL: number
  SASL_PLAINTEXT: number
  SASL_SSL: number
  /** Between brokers, so that a fault on the clients' listener leaves replication alone. */
  INTERNAL: number
  CONTROLLER: number
}

/** User names and passwords known to the SASL listeners, by every mechanism. */
export const saslUsers: Readonly<Record<string, string>> = { alice: 'alice-secret', bob: 'bob-secret' }

/** What goes into one node's server.properties. */
export interface NodeSettings {
  nodeId: number
  ports: NodePorts
  /** Where clients are sent for each of their listeners, when it is not the port itself (a proxy stands before it). */
  advertisedPorts?: Partial<NodePorts>
  /** `1@localhost:PORT,…` */
  quorumVoters: string
  nodeCount: number
  dataFolder: string
  authority: CertificateAuthority
  certificate: Certificate
  brokerConfig: Readonly<Record<string, string>>
}

const clientListeners = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

/** The text of a server.properties file for one combined broker and controller. */
export function serverProperties(settings: NodeSettings): string {
  const all = {
    ...base(settings),
    ...replication(Math.min(settings.nodeCount, 3)),
    ...tls(settings),
    ...sasl(),
    ...settings.brokerConfig,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\n', '\\n')}\n`)
    .join('')
}

function base({
  nodeId,
  ports,
  advertisedPorts,
  quorumVoters,
  dataFolder,
}: NodeSettings): Record<string, string> {
  const names = [...clientListeners, 'INTERNAL', 'CONTROLLER'] as const
  const at = (name: keyof NodePorts, port: number): string => `${name}://localhost:${port}`
  return {
    'process.roles': 'broker,controller',
    'node.id': String(nodeId),
    'controller.quorum.voters': quorumVoters,
    listeners: names.map((name) => at(name, ports[name])).join(','),
    'advertised.listeners': names
      .filter((name) => name !== 'CONTROLLER')
      .map((name) => at(name, advertisedPorts?.[name] ?? ports[name]))
      .join(','),
    'listener.security.protocol.map': [
      ...clientListeners.map((name) => `${name}:${name}`),
      'INTERNAL:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
    ].join(','),
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.num.partitions': '5',
    'share.coordinator.state.topic.num.partitions': '5',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '4000000',
    'broker.session.timeout.ms': '6000',
    'group.min.session.timeout.ms': '1000',
    'controlled.shutdown.enable': 'true',
  }
}

function replication(factor: number): Record<string, string> {
  const minInSync = String(Math.max(1, factor - 1))
  return {
    'default.replication.factor': String(factor),
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': String(factor),
    'transaction.state.log.replication.factor': String(factor),
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': String(factor),
    'share.coordinator.state.topic.min.isr': minInSync,
  }
}

function tls({ authority, certificate }: NodeSettings): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': certificate.certificate,
    'ssl.keystore.key': certificate.key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': authority.certificate,
    // A client's certificate is checked when it shows one, so the same listener serves both kinds of client.
    'listener.name.ssl.ssl.client.auth': 'requested',
  }
}

function sasl(): Record<string, string> {
  const users = Object.entries(saslUsers).map(([name, password]) => `user_${name}="${password}"`)
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${users.join(' ')};`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const properties: Record<string, string> = { 'sasl.enabled.mechanisms': mechanisms.join(',') }
  for (const listener of ['sasl_plaintext', 'sasl_ssl']) {
    for (const mechanism of mechanisms) {
      const name = `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`
      properties[name] = mechanism === 'PLAIN' ? plain : scram
    }
  }
  return properties
}

/** The arguments by which `StorageTool format` creates the SCRAM credentials. */
export function scramArguments(): string[] {
  return Object.entries(saslUsers).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )
}
