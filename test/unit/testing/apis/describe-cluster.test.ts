// Guards against admins that see dead brokers as living ones, or ask a broker for controllers.
import { ErrorCode } from '../../../../src/base/error-codes'
import {
  describeClusterApi,
  type DescribeClusterRequest,
} from '../../../../src/wire/generated/client/describe-cluster'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 3, racks: ['a', null, null] })
})

afterEach(() => cluster.close())

function ask(version: number, more: Partial<DescribeClusterRequest> = {}) {
  return cluster.ask(describeClusterApi, version, { includeClusterAuthorizedOperations: false, ...more })
}

test.each([0, 1, 2])('tells living brokers in version %i', async (version) => {
  await cluster.kill(2)
  const answer = await ask(version, version >= 2 ? { includeFencedBrokers: false } : {})
  expect(answer).toMatchObject({
    errorCode: 0,
    errorMessage: null,
    clusterId: cluster.services.clusterId,
    controllerId: 1,
    brokers: [
      { brokerId: 1, host: 'localhost', port: 9092, rack: 'a' },
      { brokerId: 3, rack: null },
    ],
    clusterAuthorizedOperations: -2147483648,
  })
})

test('tells fenced brokers to those who ask for them since version 2', async () => {
  await cluster.kill(2)
  const { brokers } = await ask(2, { includeFencedBrokers: true })
  expect(brokers).toMatchObject([
    { brokerId: 1, isFenced: false },
    { brokerId: 2, isFenced: true },
    { brokerId: 3, isFenced: false },
  ])
})

test.each([
  [
    2,
    ErrorCode.MISMATCHED_ENDPOINT_TYPE,
    'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
  ],
  [9, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, 'Unsupported endpoint type 9'],
])('refuses endpoint type %i', async (endpointType, errorCode, errorMessage) => {
  const answer = await ask(2, { endpointType, includeFencedBrokers: false })
  expect(answer).toMatchObject({ errorCode, errorMessage, clusterId: '', controllerId: -1, brokers: [] })
})

test('tells the caller’s operations when asked, none to those who may not describe the cluster', async () => {
  const operations = async (): Promise<number> =>
    (await ask(0, { includeClusterAuthorizedOperations: true })).clusterAuthorizedOperations
  expect(await operations()).toBe(8096)
  cluster.denied.add('Describe Cluster kafka-cluster')
  expect(await operations()).toBe(0)
})
