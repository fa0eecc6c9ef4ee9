/** The public names of typed-kafka/testing. What is not listed here is internal and may change at any time. */

export { createBroker, createCluster } from './create-cluster'
export { TestCluster, type InspectedTopic, type TestClientOptions } from './test-cluster'
export type {
  TestAuthorizerOptions,
  TestClusterOptions,
  TestNetwork,
  TestSaslMechanism,
  TestSaslOptions,
  TestTlsOptions,
} from './test-cluster-options'
export type { StoredRecord } from './inspection/stored-record'
export type { InspectedGroup, InspectedMember, InspectedOffset } from './inspection/inspected-group'
export type { TransactionInspection } from './transactions/transaction-coordinator'
export type { NewTopicSpec } from './contracts/topics'
export type { Partition } from './contracts/partition'

export type { FaultHandler, RuleOptions } from './faults/fault-rules'
export { ReadyFaults, type FailProduceOptions, type ReadyRuleOptions } from './faults/ready-faults'
export type { Exchange } from './faults/exchange'
export type { VersionLimit } from './faults/adjustable-release'
export { RequestLog, type LoggedRequest, type RequestFilter, type RequestOutcome } from './faults/request-log'
export type { DirectionShape, LinkShape } from './transport/link-shape'
export type { BrokerApiName, BrokerRequest, BrokerResponse } from '../wire/generated/broker/apis-by-name'

export { simulate, SimulationError, type Simulation, type SimulationOptions } from './simulation/simulate'
export { Chance } from './simulation/seeded-random'
export { VirtualClock } from './simulation/virtual-clock'
