/**
 * Where a client has what instrumentation looks for in the cluster object of KafkaJS, which its factories of producers and
 * consumers get. The package that stands in for `kafkajs` hands it on; the symbol is not exported, but global, because the
 * two packages share nothing else.
 */
const clusterKey = Symbol.for('typed-kafka.kafkajs.cluster')

/** As much of KafkaJS's cluster as instrumentation reads. */
export interface ClusterView {
  readonly brokerPool: {
    /** Null before brokers have told. */
    readonly metadata: { readonly clusterId: string } | null
  }
  /** Nothing to do: the metadata is as new as the client needs it. */
  refreshMetadataIfNecessary(): Promise<void>
}

/** Gives a client its view of the cluster; neither spread nor enumeration shows it. */
export function withClusterView<Client extends object>(
  client: Client,
  clusterId: () => string | null,
): Client {
  const view: ClusterView = {
    brokerPool: {
      get metadata() {
        const known = clusterId()
        return known === null ? null : { clusterId: known }
      },
    },
    refreshMetadataIfNecessary: async () => {},
  }
  return Object.defineProperty(client, clusterKey, { value: view })
}
