import * as z from 'zod/mini'
import { UnsupportedVersionError } from '../base/errors'
import { describeClusterApi } from '../wire/generated/client/describe-cluster'
import { metadataApi } from '../wire/generated/client/metadata'
import { request, type AdminCall } from './admin-call'
import { authorizedOperations, type AclOperation } from './authorized-operations'
import { callOptionFields, type AdminCallOptions } from './call-options'

/** One broker of a described cluster. */
export interface BrokerDescription {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  /** True when the controller keeps it out of service; only with `includeFencedBrokers`. */
  readonly isFenced: boolean
}

/** The cluster and its brokers, in the order of their ids. */
export interface ClusterDescription {
  readonly clusterId: string | null
  /** Node id of the broker that takes requests for the controller; null while there is none. */
  readonly controllerId: number | null
  readonly brokers: readonly BrokerDescription[]
  /** What this client may do with the cluster; null unless `includeAuthorizedOperations` was set. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

export interface DescribeClusterOptions extends AdminCallOptions {
  /** Default: false. */
  readonly includeAuthorizedOperations?: boolean
  /** Also brokers that are registered but out of service; needs Kafka 4.0. Default: false. */
  readonly includeFencedBrokers?: boolean
}

/** The options of `describeCluster` as they are checked. */
export const describeClusterOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    includeAuthorizedOperations: z._default(z.boolean(), false),
    includeFencedBrokers: z._default(z.boolean(), false),
  }),
)

type Options = z.output<typeof describeClusterOptions>

/** DescribeCluster tells of fenced brokers since this version (Kafka 4.0). */
const fencedBrokersVersion = 2

/** Metadata asks for the cluster's operations in these versions; later ones leave that to DescribeCluster. */
const lastOperationsVersion = 10
const firstOperationsVersion = 8

/** Kafka: `Admin.describeCluster`, API DescribeCluster, to any broker; Metadata before Kafka 2.8. */
export async function describeCluster(call: AdminCall, options: Options): Promise<ClusterDescription> {
  try {
    return await describeByDescribeCluster(call, options)
  } catch (error) {
    if (!(error instanceof UnsupportedVersionError) || options.includeFencedBrokers) throw error
    return describeByMetadata(call, options)
  }
}

async function describeByDescribeCluster(call: AdminCall, options: Options): Promise<ClusterDescription> {
  const response = await request(
    call,
    { kind: 'any' },
    describeClusterApi,
    {
      includeClusterAuthorizedOperations: options.includeAuthorizedOperations,
      includeFencedBrokers: options.includeFencedBrokers,
    },
    {
      minVersion: options.includeFencedBrokers ? fencedBrokersVersion : describeClusterApi.minVersion,
      errorOf: (answer) => (answer.errorCode === 0 ? undefined : answer),
    },
  )
  const brokers = response.brokers.map(({ brokerId, host, port, rack, isFenced }) => ({
    nodeId: brokerId,
    host,
    port,
    rack,
    isFenced,
  }))
  return describe(response.clusterId, response.controllerId, brokers, response.clusterAuthorizedOperations)
}

async function describeByMetadata(call: AdminCall, options: Options): Promise<ClusterDescription> {
  const { includeAuthorizedOperations } = options
  const response = await request(
    call,
    { kind: 'any' },
    metadataApi,
    (version) => ({
      // Before v1 an empty list means all topics, and there is no way to ask for none.
      topics: [],
      allowAutoTopicCreation: false,
      ...(includeAuthorizedOperations && version >= firstOperationsVersion
        ? { includeClusterAuthorizedOperations: true }
        : {}),
    }),
    { minVersion: 4, maxVersion: lastOperationsVersion },
  )
  const brokers = response.brokers.map((broker) => ({ ...pickBroker(broker), isFenced: false }))
  return describe(response.clusterId, response.controllerId, brokers, response.clusterAuthorizedOperations)
}

function pickBroker(broker: Omit<BrokerDescription, 'isFenced'>): Omit<BrokerDescription, 'isFenced'> {
  const { nodeId, host, port, rack } = broker
  return { nodeId, host, port, rack }
}

function describe(
  clusterId: string | null,
  controllerId: number,
  brokers: readonly BrokerDescription[],
  operations: number,
): ClusterDescription {
  return {
    clusterId,
    controllerId: controllerId < 0 ? null : controllerId,
    brokers: [...brokers].sort((a, b) => a.nodeId - b.nodeId),
    authorizedOperations: authorizedOperations(operations),
  }
}
