import type { KafkaAddresses } from './kafka-addresses'
import { startKafka, type KafkaCluster, type KafkaClusterOptions } from './kafka-cluster'
import { findKafkaSources, whyNotRun, type KafkaNeed } from './kafka-source'
import { kafkaVersions, type KafkaVersion } from './kafka-versions'
import { withClusterLock } from './cluster-lock'
import { describeUnless } from './not-run'
import { askSharedKafka } from './shared-kafka'

/** The Kafka a suite runs against. Its addresses exist once the suite's tests and hooks run, not while it is declared. */
export interface KafkaUnderTest extends KafkaAddresses {
  /** A name for a topic, group or transactional id that nobody else uses. */
  uniqueName(prefix: string): string
}

/** A {@link KafkaUnderTest} of the suite's own, with nodes it may stop, kill and freeze. */
export interface KafkaClusterUnderTest extends KafkaUnderTest, Omit<KafkaCluster, 'stop'> {}

const attachTimeoutMs = 120_000

/** What the brokers of `KAFKA_BROKERS` are taken for. */
const externalVersion: KafkaVersion = '4.3.1'

/** A suite may have to wait for another process's cluster. */
const longWaitMs = 1_800_000

/**
 * Declares a suite once for every version of Kafka (`KAFKA_VERSIONS=3.7.2` restricts them). All suites of a version
 * share one running node: use {@link KafkaUnderTest.uniqueName}, and change nothing that holds for the whole broker.
 */
export function describeEachKafka(
  title: string,
  body: (kafka: KafkaUnderTest, version: KafkaVersion) => void,
  options: { needs?: readonly KafkaNeed[]; versions?: readonly KafkaVersion[] } = {},
): void {
  for (const version of versionsToTest()) {
    const knownVersion = version === 'external' ? externalVersion : version
    if (options.versions?.includes(knownVersion) === false) continue
    const reason = whyNotVersion(version) ?? whyNotRun(options.needs ?? [])
    const name = version === 'external' ? 'the brokers of KAFKA_BROKERS' : `Kafka ${version}`
    describeUnless(reason, `${title}, on ${name}`, () => {
      const target = new LateTarget<KafkaAddresses>()
      beforeAll(async () => target.set(await askSharedKafka(version, options.needs ?? [])), attachTimeoutMs)
      body(target.proxy, knownVersion)
    })
  }
}

/**
 * Declares a suite once for every version with a cluster of its own, started before its first test and removed after
 * its last. Two such clusters run at a time on a machine, whatever the number of test processes.
 */
export function describeEachKafkaCluster(
  title: string,
  options: Omit<KafkaClusterOptions, 'version'> & { versions?: readonly KafkaVersion[] },
  body: (kafka: KafkaClusterUnderTest) => void,
): void {
  const { versions = kafkaVersions, ...clusterOptions } = options
  for (const version of versions) {
    const reason = whyNotVersion(version) ?? whyNotRun(['control'])
    describeUnless(reason, `${title}, on ${clusterOptions.nodes ?? 1} × Kafka ${version}`, () => {
      const target = new LateTarget<KafkaCluster>()
      let end: (() => Promise<void>) | undefined
      beforeAll(async () => {
        const release = await withClusterLock()
        end = () => Promise.resolve(release())
        const cluster = await startKafka({ ...clusterOptions, version })
        end = async () => {
          await cluster.stop()
          release()
        }
        target.set(cluster)
      }, longWaitMs)
      afterAll(async () => end?.(), attachTimeoutMs)
      body(target.proxy)
    })
  }
}

function versionsToTest(): readonly (KafkaVersion | 'external')[] {
  return findKafkaSources().source === 'brokers' ? ['external'] : kafkaVersions
}

function whyNotVersion(version: string): string | null {
  const wanted = process.env['KAFKA_VERSIONS']
  if (wanted === undefined || version === 'external' || wanted.split(',').includes(version)) return null
  return `take KAFKA_VERSIONS=${wanted} away`
}

/** Stands for a Kafka that is started later, with `uniqueName` added. */
class LateTarget<T extends object> {
  #target: T | null = null
  readonly proxy: T & { uniqueName(prefix: string): string }

  constructor() {
    const handler: ProxyHandler<object> = {
      get: (_, property) => {
        if (property === 'uniqueName') return uniqueName
        if (this.#target === null)
          throw new Error(`Kafka is not there yet: read ${String(property)} in a test or hook`)
        return Reflect.get(this.#target, property, this.#target)
      },
    }
    this.proxy = new Proxy({}, handler) as T & { uniqueName(prefix: string): string }
  }

  set(target: T): void {
    this.#target = target
  }
}

let lastName = 0

function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}-${Date.now().toString(36)}-${lastName++}`
}
