import { Kafka, silentLogger, type Admin } from '../../../src'
import {
  createCluster,
  type BrokerApiName,
  type TestCluster,
  type TestClusterOptions,
} from '../../../src/testing'

/** A cluster in this process with an admin client, whose requests wait for milliseconds where they are lost. */
export interface AdminCluster extends AsyncDisposable {
  readonly cluster: TestCluster
  readonly kafka: Kafka
  readonly admin: Admin
  /** How often the brokers were asked for an API. */
  count(api: BrokerApiName): number
}

/** Starts it, with topic `orders` of two partitions. */
export async function openAdminCluster(options: TestClusterOptions = {}): Promise<AdminCluster> {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 'orders', partitions: 2 }],
    ...options,
  })
  const user = Object.entries(options.sasl?.users ?? {})[0]
  const kafka = new Kafka({
    ...cluster.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 5,
    retryBackoffMaxMs: 50,
    ...(user === undefined
      ? {}
      : { sasl: { mechanism: 'PLAIN' as const, username: user[0], password: user[1] } }),
  })
  const admin = kafka.admin({ requestTimeoutMs: 2000, defaultApiTimeoutMs: 10_000 })
  return {
    cluster,
    kafka,
    admin,
    count: (api) => cluster.requests.filter({ api }).length,
    [Symbol.asyncDispose]: async () => {
      await admin.close()
      await cluster.close()
    },
  }
}
