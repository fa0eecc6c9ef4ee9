import { allApiHandlers } from './apis/all-handlers'
import { ClusterServices } from './cluster-services'
import { releaseNamed } from './cluster/releases'
import { AdjustableRelease } from './faults/adjustable-release'
import { FaultRules } from './faults/fault-rules'
import { RequestLog } from './faults/request-log'
import { BrokerHost, type OpenListenerAt } from './node/broker-host'
import { BrokerServer } from './node/broker-server'
import type { Runtime } from './contracts/runtime'
import { ClusterSecurity } from './security/cluster-security'
import { seededRandom } from './simulation/seeded-random'
import { TestCluster } from './test-cluster'
import {
  type ResolvedTestClusterOptions,
  resolveTestClusterOptions,
  type TestClusterOptions,
} from './test-cluster-options'
import { MemoryNetwork } from './transport/memory-network'
import { TcpListener } from './transport/tcp-listener'

/**
 * Starts a Kafka cluster inside this process: real protocol, logs in memory. For tests and first steps; production runs
 * on Apache Kafka.
 * @throws InvalidOptionError for wrong options, and when a port is in use
 */
export async function createCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const resolved = resolveTestClusterOptions(options)
  const runtime: Runtime = {
    clock: resolved.clock,
    random: seededRandom(resolved.seed),
    logger: resolved.logger,
  }
  const release = new AdjustableRelease(releaseNamed(resolved.version))
  const security = new ClusterSecurity(resolved)
  const services = new ClusterServices({
    runtime,
    release,
    brokerCount: resolved.brokers,
    configs: brokerConfigs(resolved),
    maxBytes: resolved.maxBytes,
    authorizer: (of) => security.authorizer(of),
  })
  const faults = new FaultRules(runtime)
  const requests = new RequestLog(runtime.clock, { size: resolved.requestLogSize })
  const handlers = allApiHandlers(services, security)
  const network = resolved.network === 'memory' ? new MemoryNetwork(runtime) : undefined
  const hosts = new Map<number, BrokerHost>()
  let sessions = 0
  for (let id = 1; id <= resolved.brokers; id++) {
    const rack = resolved.racks?.[id - 1] ?? null
    const node = services.brokers.addBroker({ id, rack, host: resolved.host, port: 0 })
    const server = new BrokerServer({
      node,
      services,
      handlers,
      faults,
      requestLog: requests,
      nextSessionId: () => ++sessions,
      authentication: () => security.authentication(services),
    })
    const port = resolved.port === 0 ? 0 : resolved.port + id - 1
    hosts.set(id, new BrokerHost(server, port, listenerOf(resolved, network, id, server)))
  }
  const cluster = new TestCluster({ services, release, faults, requests, hosts, network, options: resolved })
  await startAll(cluster, services, hosts, resolved)
  return cluster
}

/** As `createCluster`, with one broker. */
export function createBroker(options: Omit<TestClusterOptions, 'brokers'> = {}): Promise<TestCluster> {
  return createCluster({ ...options, brokers: 1 })
}

async function startAll(
  cluster: TestCluster,
  services: ClusterServices,
  hosts: ReadonlyMap<number, BrokerHost>,
  { host: address, topics }: ResolvedTestClusterOptions,
): Promise<void> {
  try {
    for (const [id, host] of hosts) {
      await host.start()
      services.brokers.setEndpoint(id, address, host.port)
    }
    services.cleaner.start()
    for (const topic of topics) services.topics.create(topic)
  } catch (error) {
    await cluster.close()
    throw error
  }
}

function listenerOf(
  { host, tls, logger }: ResolvedTestClusterOptions,
  network: MemoryNetwork | undefined,
  brokerId: number,
  server: BrokerServer,
): OpenListenerAt {
  if (network !== undefined) {
    return (port) => Promise.resolve(network.listen(brokerId, host, port, (stream) => server.accept(stream)))
  }
  const { requestCert = false, ca, ...keys } = tls ?? {}
  const tlsOptions =
    tls === undefined
      ? undefined
      : {
          ...keys,
          key: tls.key,
          cert: tls.cert,
          ...(ca !== undefined && { ca }),
          clientAuth: requestCert ? ('required' as const) : ('none' as const),
        }
  return async (port) => {
    const listener = await TcpListener.open({ host, port, tls: tlsOptions, logger }, (stream) =>
      server.accept(stream),
    )
    return { port: listener.port, close: () => listener.stop(), unref: () => listener.unref() }
  }
}

/** The user's configs as text, as they would stand in server.properties. */
function brokerConfigs({ configs }: ResolvedTestClusterOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(configs).map(([name, value]) => [name, String(value)]))
}
