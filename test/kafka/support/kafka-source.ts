import { execFileSync } from 'node:child_process'

/**
 * Where the tests get Kafka from, in the order of choice: brokers the user named in `KAFKA_BROKERS`; a Docker
 * engine that answers; Java and Maven.
 */
export type KafkaSource = 'brokers' | 'docker' | 'java' | 'none'

/** What a suite needs beyond a PLAINTEXT listener, and thereby which sources can serve it. */
export type KafkaNeed =
  /** TLS and SASL listeners with known certificates and users. */
  | 'security'
  /** Nodes that can be stopped, killed and frozen, or their own configuration. */
  | 'control'
  /** Java programs: Kafka's command-line tools and those of tools/java. */
  | 'java'

/** What this machine offers. Found once per run by the global set-up and handed on in the environment. */
export interface KafkaSources {
  /** For suites that need nothing special. */
  source: KafkaSource
  /** Java 17 and Maven answer. */
  java: boolean
}

const variable = 'TYPED_KAFKA_TEST_SOURCES'

/** Looks for brokers, Docker, Java and Maven. */
export function findKafkaSources(): KafkaSources {
  const known = process.env[variable]
  if (known !== undefined) return JSON.parse(known) as KafkaSources
  const java = answers('java', ['-version']) && answers('mvn', ['-version'])
  const found = { source: chooseSource(java), java }
  process.env[variable] = JSON.stringify(found)
  return found
}

function chooseSource(java: boolean): KafkaSource {
  if (externalBrokers().length > 0) return 'brokers'
  if (answers('docker', ['info'])) return 'docker'
  return java ? 'java' : 'none'
}

/** The brokers named in `KAFKA_BROKERS`, separated by commas. */
export function externalBrokers(): string[] {
  return (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker.trim() !== '')
}

/** What would let a suite with these needs run here, as half a sentence; null when it can. */
export function whyNotRun(needs: readonly KafkaNeed[]): string | null {
  const { source, java } = findKafkaSources()
  const special = needs.filter((need) => need !== 'java')
  if (source === 'brokers' && special.length > 0) {
    return `unset KAFKA_BROKERS, they need brokers of their own for ${special.join(' and ')}`
  }
  if (source === 'none') return 'install Java 17 and Maven, or start Docker, or set KAFKA_BROKERS'
  if (needs.length > 0 && !java) return 'install Java 17 and Maven'
  return null
}

function answers(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
}
