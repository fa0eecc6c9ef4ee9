// Guards against brokers that are believed alive or dead at another time than a KRaft controller would believe it.
import type { BrokerNode } from '../../../../src/testing/contracts/brokers'
import { codeOf, ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster

beforeEach(() => {
  cluster = new ReplicationCluster(3, { 'broker.session.timeout.ms': '1000' })
})

afterEach(() => cluster.brokers.close())

const alive = () => cluster.brokers.alive.map(({ id }) => id)
const broker = (id: number): BrokerNode => {
  const found = cluster.brokers.get(id)
  if (found === undefined) throw new Error(`There is no broker ${id}`)
  return found
}

it('fences a broker before it stops cleanly, and a killed or frozen one when its session ran out', async () => {
  const seen: string[] = []
  cluster.brokers.watch(({ id, state, isFenced }) => seen.push(`${id} ${state}${isFenced ? ' fenced' : ''}`))
  cluster.brokers.stop(1, 'clean')
  cluster.brokers.stop(2, 'kill')
  cluster.brokers.pause(3)
  expect(alive()).toEqual([2, 3])
  await cluster.clock.advance(1000)
  expect(seen).toEqual([
    '1 running fenced',
    '1 stopped fenced',
    '2 stopped',
    '3 paused',
    '2 stopped fenced',
    '3 paused fenced',
  ])
  expect(alive()).toEqual([])
  expect(cluster.brokers.controllerId).toBe(-1)
  expect(cluster.brokers.all).toHaveLength(3)
})

it('keeps a broker that wakes up in time, with the epoch it had', async () => {
  const { epoch } = broker(2)
  cluster.brokers.pause(2)
  await cluster.clock.advance(999)
  cluster.brokers.resume(2)
  await cluster.clock.advance(5000)
  expect(broker(2)).toMatchObject({ state: 'running', isFenced: false, epoch })
  expect(cluster.clock.pendingTimers).toBe(0)
})

it('gives each start a higher epoch than all before', () => {
  cluster.brokers.stop(1, 'clean')
  cluster.brokers.start(1)
  expect(broker(1).epoch).toBeGreaterThan(broker(3).epoch)
  expect(broker(1)).toMatchObject({ state: 'running', isFenced: false })
})

it('names a living broker as controller', () => {
  expect(cluster.brokers.controllerId).toBe(1)
  cluster.brokers.stop(1, 'clean')
  expect(cluster.brokers.controllerId).toBe(2)
})

it('does nothing for what is so already', () => {
  const seen: BrokerNode[] = []
  cluster.brokers.stop(1, 'clean')
  cluster.brokers.watch((changed) => seen.push(changed))
  cluster.brokers.stop(1, 'kill')
  cluster.brokers.start(2)
  cluster.brokers.resume(2)
  expect(seen).toEqual([])
})

it('kills a frozen broker in the session it had', async () => {
  cluster.brokers.pause(1)
  await cluster.clock.advance(600)
  cluster.brokers.stop(1, 'kill')
  await cluster.clock.advance(400)
  expect(broker(1)).toMatchObject({ state: 'stopped', isFenced: true })
})

it.each([
  ['stop', () => cluster.brokers.stop(9, 'kill'), /no broker 9.*1, 2, 3/],
  ['pause', () => (cluster.brokers.stop(1, 'clean'), cluster.brokers.pause(1)), /start\(1\)/],
  ['resume', () => (cluster.brokers.stop(1, 'clean'), cluster.brokers.resume(1)), /start\(1\)/],
  ['start', () => (cluster.brokers.pause(1), cluster.brokers.start(1)), /resume\(1\)/],
  ['addBroker', () => cluster.brokers.addBroker({ id: 1, host: 'h', port: 1 }), /there already/],
])('refuses a %s that makes no sense, and says what to do', (_, act, message) => {
  expect(act).toThrow(message)
})

it('forgets an unregistered broker until it starts again', () => {
  cluster.brokers.unregister(2)
  expect(cluster.brokers.all.map(({ id }) => id)).toEqual([1, 3])
  expect(broker(2).isFenced).toBe(true)
  expect(codeOf(() => cluster.brokers.unregister(2))).toBe('BROKER_ID_NOT_REGISTERED')
  expect(codeOf(() => cluster.brokers.unregister(9))).toBe('BROKER_ID_NOT_REGISTERED')
  cluster.brokers.start(2)
  expect(alive()).toEqual([1, 2, 3])
})
