import type { Certificate } from './certificates'
import type { KafkaVersion } from './kafka-versions'

/** How a client reaches a cluster; plain data, so that it can be handed to another process. */
export interface KafkaAddresses {
  version: KafkaVersion
  /** PLAINTEXT listeners, `host:port`. */
  bootstrap: string[]
  tls: {
    bootstrap: string[]
    /** PEM of the authority that signed the brokers' certificates. */
    ca: string
    /** A certificate the brokers trust, for clients that show one. */
    client: Certificate
  }
  /** SASL without TLS: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 for every user. */
  sasl: { bootstrap: string[]; users: Readonly<Record<string, string>> }
  /** SASL over TLS. */
  saslTls: { bootstrap: string[]; ca: string; users: Readonly<Record<string, string>> }
}

/** Addresses of brokers that offer a PLAINTEXT listener and nothing else. */
export function plaintextOnly(version: KafkaVersion, bootstrap: string[]): KafkaAddresses {
  const none = { bootstrap: [], ca: '', users: {} }
  return {
    version,
    bootstrap,
    tls: { ...none, client: { certificate: '', key: '' } },
    sasl: none,
    saslTls: none,
  }
}
