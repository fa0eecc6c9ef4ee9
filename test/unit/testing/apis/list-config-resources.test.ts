// Guards against resources with configs that an admin cannot find.
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'
import { listConfigResourcesApi } from '../../../../src/wire/generated/client/list-config-resources'
import { ClusterFixture } from '../support/cluster-fixture'

const { topic, broker, brokerLogger, clientMetrics, group } = ConfigResourceType
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture()
  const { configs, topics } = cluster.services
  topics.create({ name: 'a' })
  configs.replace(group, 'g', new Map([['share.auto.offset.reset', 'earliest']]))
  configs.replace(clientMetrics, 's', new Map([['interval.ms', '5000']]))
})

afterEach(() => cluster.close())

test('lists all that has configs, or the types that are asked for', async () => {
  const list = async (resourceTypes: number[]): Promise<unknown> =>
    (await cluster.ask(listConfigResourcesApi, 1, { resourceTypes })).configResources.map((one) => [
      one.resourceType,
      one.resourceName,
    ])
  expect(await list([])).toEqual([
    [group, 'g'],
    [clientMetrics, 's'],
    [brokerLogger, '1'],
    [broker, '1'],
    [topic, 'a'],
  ])
  expect(await list([clientMetrics, topic])).toEqual([
    [clientMetrics, 's'],
    [topic, 'a'],
  ])
})

test('lists client metrics subscriptions only in version 0, and none any more once all of one is deleted', async () => {
  const names = async (): Promise<string[]> =>
    (await cluster.ask(listConfigResourcesApi, 0, {})).configResources.map((one) => one.resourceName)
  expect(await names()).toEqual(['s'])
  cluster.services.configs.replace(clientMetrics, 's', new Map())
  expect(await names()).toEqual([])
})

test('refuses types that there are not, and those who may not describe configs', async () => {
  const code = async (type: number): Promise<number> =>
    (await cluster.ask(listConfigResourcesApi, 1, { resourceTypes: [type] })).errorCode
  expect([await code(3), await code(99)]).toEqual([
    ErrorCode.UNSUPPORTED_VERSION,
    ErrorCode.UNSUPPORTED_VERSION,
  ])
  cluster.denied.add('DescribeConfigs Cluster kafka-cluster')
  expect(await code(topic)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
})
