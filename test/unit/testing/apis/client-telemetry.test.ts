// Guards against clients that push metrics nobody wants, too often or too many, and metrics that get lost.
import { ErrorCode } from '../../../../src/base/error-codes'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import { zeroTopicId } from '../../../../src/testing/cluster/topic-names'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'
import { getTelemetrySubscriptionsApi } from '../../../../src/wire/generated/client/get-telemetry-subscriptions'
import {
  pushTelemetryApi,
  type PushTelemetryRequest,
} from '../../../../src/wire/generated/client/push-telemetry'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ configs: { 'telemetry.max.bytes': '100' } })
})

afterEach(() => cluster.close())

const subscribe = (clientInstanceId = zeroTopicId) =>
  cluster.ask(getTelemetrySubscriptionsApi, 0, { clientInstanceId })

function want(name: string, configs: Record<string, string>): void {
  cluster.services.configs.replace(ConfigResourceType.clientMetrics, name, new Map(Object.entries(configs)))
}

async function push(
  clientInstanceId: string,
  subscriptionId: number,
  more: Partial<PushTelemetryRequest> = {},
) {
  const request = { terminating: false, compressionType: 0, metrics: Buffer.from('otlp'), ...more }
  return (await cluster.ask(pushTelemetryApi, 0, { clientInstanceId, subscriptionId, ...request })).errorCode
}

test('is served only where somebody takes the metrics, and not before 3.7', () => {
  const served = (name: string, telemetry: boolean): boolean =>
    releaseNamed(name, { telemetry }).versionsOf(71) !== undefined
  expect([served('4.3', false), served('4.3', true), served('3.7', true), served('3.6', true)]).toEqual([
    false,
    true,
    true,
    false,
  ])
})

test('gives a client an id and the metrics of all subscriptions that match it', async () => {
  want('a', { metrics: 'org.apache.kafka.producer.,x.', 'interval.ms': '5000', match: 'client_id=te.*' })
  want('b', { metrics: 'x.,y.', 'interval.ms': '2000', match: 'client_software_name=test,client_id=test' })
  want('c', { metrics: 'z.', 'interval.ms': '100', match: 'client_id=es' })
  const first = await subscribe()
  expect(first).toMatchObject({
    errorCode: 0,
    acceptedCompressionTypes: [4, 3, 1, 2],
    pushIntervalMs: 2000,
    telemetryMaxBytes: 100,
    deltaTemporality: true,
    requestedMetrics: ['org.apache.kafka.producer.', 'x.', 'y.'],
  })
  expect(first.clientInstanceId).not.toBe(zeroTopicId)
  want('d', { metrics: '*' })
  expect((await subscribe(first.clientInstanceId)).requestedMetrics).toEqual(['*'])
})

test('wants nothing from a client that no subscription matches', async () => {
  expect(await subscribe()).toMatchObject({ errorCode: 0, requestedMetrics: [], pushIntervalMs: 300_000 })
})

test('takes pushes at their interval, and the first and the last one early', async () => {
  want('a', { metrics: '*', 'interval.ms': '1000' })
  const { clientInstanceId: id, subscriptionId } = await subscribe()
  expect(await push(id, subscriptionId)).toBe(0)
  expect(await push(id, subscriptionId)).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
  expect((await subscribe(id)).errorCode).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
  await cluster.clock.advance(1000)
  expect(await push(id, subscriptionId)).toBe(0)
  expect(await push(id, subscriptionId, { terminating: true })).toBe(0)
  expect(await push(id, subscriptionId)).toBe(ErrorCode.INVALID_REQUEST)
})

test('refuses what fits no subscription, codec or size, and lets the client ask again at once', async () => {
  want('a', { metrics: '*', 'interval.ms': '1000' })
  const { clientInstanceId: id, subscriptionId } = await subscribe()
  expect(await push(id, subscriptionId + 1)).toBe(ErrorCode.UNKNOWN_SUBSCRIPTION_ID)
  expect((await subscribe(id)).errorCode).toBe(0)
  await cluster.clock.advance(1000)
  expect(await push(id, subscriptionId, { compressionType: 9 })).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
  await cluster.clock.advance(1000)
  expect(await push(id, subscriptionId, { metrics: Buffer.alloc(101) })).toBe(ErrorCode.TELEMETRY_TOO_LARGE)
  expect(await push(zeroTopicId, subscriptionId)).toBe(ErrorCode.INVALID_REQUEST)
})

test('asks for a new subscription after the metrics changed', async () => {
  want('a', { metrics: 'x.', 'interval.ms': '1000' })
  const { clientInstanceId: id, subscriptionId } = await subscribe()
  want('a', { metrics: 'y.', 'interval.ms': '1000' })
  expect(await push(id, subscriptionId)).toBe(ErrorCode.UNKNOWN_SUBSCRIPTION_ID)
  const again = await subscribe(id)
  expect(again).toMatchObject({ errorCode: 0, clientInstanceId: id, requestedMetrics: ['y.'] })
  expect(again.subscriptionId).not.toBe(subscriptionId)
})

test('keeps what was pushed for the test to look at, and no more than it can hold', async () => {
  want('a', { metrics: '*', 'interval.ms': '100' })
  const { clientInstanceId: id, subscriptionId } = await subscribe()
  for (let n = 0; n < 1005; n++) {
    await push(id, subscriptionId, { metrics: Buffer.from(String(n)), compressionType: 4 })
    await cluster.clock.advance(100)
  }
  const { pushed } = cluster.telemetry
  expect(pushed).toHaveLength(1000)
  expect(pushed[0]?.metrics.toString()).toBe('5')
  expect(pushed.at(-1)).toMatchObject({
    clientInstanceId: id,
    clientId: 'test',
    compressionType: 4,
    terminating: false,
  })
})
