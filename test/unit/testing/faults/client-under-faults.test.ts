// Guards against faults that look right on the wire and break no client, or lose what the broker says it stored.
import { Kafka } from '../../../../src/index'
import { silentLogger } from '../../../../src/base/logger'
import { createBroker } from '../../../../src/testing/create-cluster'
import type { LoggedRequest } from '../../../../src/testing/faults/request-log'
import type { TestCluster, TestClientOptions } from '../../../../src/testing/test-cluster'

type Fault = (broker: TestCluster) => void

/** Produce requests that came to such an end. */
const produced = (broker: TestCluster, wanted: Partial<LoggedRequest<'Produce'>>): number =>
  broker.requests
    .filter({ api: 'Produce' })
    .filter((request) => Object.entries(wanted).every(([name, value]) => request[name as 'at'] === value))
    .length

const slower = (broker: TestCluster): boolean =>
  broker.requests.filter({ api: 'Produce' }).some(({ durationMs }) => durationMs >= 45)

/** The fault, and what shows afterwards that it did happen. */
const faults: readonly (readonly [
  what: string,
  fault: Fault,
  happened: (broker: TestCluster) => boolean | Promise<boolean>,
])[] = [
  [
    'an error twice',
    ({ faults: ready }) => ready.failProduce({ error: 'NOT_LEADER_OR_FOLLOWER', times: 2 }),
    (broker) => produced(broker, { errorCode: 6 }) === 2,
  ],
  [
    'an error while the metadata fails too',
    ({ faults: ready }) => {
      ready.failProduce({ error: 'NOT_LEADER_OR_FOLLOWER', times: 1 })
      ready.fail('Metadata', 'LEADER_NOT_AVAILABLE', { times: 1 })
    },
    // The producer may be done before it is answered.
    (broker) => broker.requests.waitFor('Metadata', ({ errorCode }) => errorCode === 5).then(() => true),
  ],
  [
    'a connection closed before acting',
    ({ faults: ready }) => ready.closeBefore('Produce', { times: 1 }),
    (broker) => produced(broker, { outcome: 'closed' }) === 1,
  ],
  [
    'a connection closed after acting',
    ({ faults: ready }) => ready.closeAfter('Produce', { times: 1 }),
    (broker) => produced(broker, { outcome: 'closed' }) === 1,
  ],
  [
    'an answer that comes twice',
    ({ faults: ready }) => ready.duplicateResponse('Produce', { times: 1 }),
    (broker) => new Set(broker.requests.all.map(({ sessionId }) => sessionId)).size > 2,
  ],
  [
    'a throttle',
    ({ faults: ready }) => ready.throttle('Produce', 50, { times: 1 }),
    (broker) => gaps(broker) >= 45,
  ],
  ['a delay', ({ faults: ready }) => ready.delay('Produce', 50, { times: 1 }), slower],
  ['a delayed answer', ({ faults: ready }) => ready.delayResponse('Produce', 50, { times: 1 }), slower],
  [
    'older versions after a cut',
    (broker) => {
      broker.limitVersions('Produce', { max: 8 })
      broker.cutConnections()
    },
    (broker) => produced(broker, { version: 8 }) >= 5,
  ],
  [
    'bytes one at a time',
    (broker) => broker.shapeConnections({ toBroker: { splitAtBytes: 1 }, toClient: { splitAtBytes: 1 } }),
    () => true,
  ],
  [
    'a slow line',
    (broker) => broker.shapeConnections({ toClient: { bytesPerSecond: 5000, latencyMs: 20 } }),
    (broker) => gaps(broker) >= 20,
  ],
  [
    'connections that were cut',
    (broker) => broker.cutConnections(),
    (broker) =>
      new Set(broker.requests.filter({ api: 'Produce' }).map(({ sessionId }) => sessionId)).size > 1,
  ],
]

/** The longest time between two Produce requests. */
function gaps(broker: TestCluster): number {
  const times = broker.requests.filter({ api: 'Produce' }).map(({ at }) => at)
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] as number)))
}

function clientOptions(broker: TestCluster): TestClientOptions & { logger: typeof silentLogger } {
  return { ...broker.clientOptions(), logger: silentLogger }
}

describe.each(['memory', 'tcp'] as const)('a producer over %s', (network) => {
  it.each(faults)('stores every message once and in order in spite of %s', async (_, fault, happened) => {
    const broker = await createBroker({
      network,
      logger: silentLogger,
      topics: [{ name: 't', partitions: 1 }],
    })
    const producer = new Kafka({ clientId: 'c', ...clientOptions(broker) }).producer()
    try {
      const sent = ['0', '1', '2', '3', '4', '5']
      await producer.send('t', { value: '0' })
      fault(broker)
      for (const value of sent.slice(1)) await producer.send('t', { value })
      const stored = broker.records('t').map(({ value }) => String(value))
      expect(stored).toEqual(sent)
      expect(broker.failures).toEqual([])
      expect(await happened(broker)).toBe(true)
    } finally {
      await producer.close()
      await broker.close()
    }
  })
})
