// Guards against coordinators that clients of some version cannot find, and words that only Kafka's answers have.
import { ErrorCode } from '../../../../src/base/error-codes'
import { findCoordinatorApi } from '../../../../src/wire/generated/client/find-coordinator'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 3 })
})

afterEach(() => cluster.close())

const shareKey = 'g:AAAAAAAAAAAAAAAAAAAABA:0'

test.each([0, 1, 3])('answers one key in version %i', async (version) => {
  const { brokerId } = cluster.services.coordinators.find('group', 'g1')
  const answer = await cluster.ask(findCoordinatorApi, version, { key: 'g1' })
  expect(answer).toMatchObject({ errorCode: 0, nodeId: brokerId, host: 'localhost', port: 9091 + brokerId })
  if (version >= 1) expect(answer.errorMessage).toBe('NONE')
})

test.each([4, 6])('answers several keys in version %i', async (version) => {
  const keys = ['g1', 'g2', 'g3', 'g4']
  const { coordinators } = await cluster.ask(findCoordinatorApi, version, {
    keyType: 1,
    coordinatorKeys: keys,
  })
  expect(coordinators).toMatchObject(
    keys.map((key) => ({
      key,
      nodeId: cluster.services.coordinators.find('transaction', key).brokerId,
      errorCode: 0,
      errorMessage: '',
    })),
  )
  expect(cluster.services.topics.byName('__transaction_state')).toBeDefined()
})

test('finds share coordinators since version 6, for keys that name group, topic and partition', async () => {
  const codes = async (version: number, keys: string[]): Promise<number[]> => {
    const answer = await cluster.ask(findCoordinatorApi, version, { keyType: 2, coordinatorKeys: keys })
    return answer.coordinators.map((one) => one.errorCode)
  }
  expect(await codes(6, [shareKey, 'bad', 'g:AAAAAAAAAAAAAAAAAAAABA:x'])).toEqual([
    0,
    ErrorCode.INVALID_REQUEST,
    ErrorCode.INVALID_REQUEST,
  ])
  expect(await codes(5, [shareKey])).toEqual([ErrorCode.INVALID_REQUEST])
})

test('refuses types that there are not', async () => {
  const answer = await cluster.ask(findCoordinatorApi, 6, { keyType: 3, coordinatorKeys: ['x'] })
  expect(answer.coordinators).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1, port: -1 }])
  const older = await cluster.ask(findCoordinatorApi, 3, { keyType: 7, key: 'x' })
  expect(older).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1 })
})

test('refuses those who may not describe, and creates no internal topic for them', async () => {
  cluster.denied
    .add('Describe Group g')
    .add('Describe TransactionalId t')
    .add('ClusterAction Cluster kafka-cluster')
  const code = async (keyType: number, key: string): Promise<number | undefined> => {
    const answer = await cluster.ask(findCoordinatorApi, 6, { keyType, coordinatorKeys: [key] })
    return answer.coordinators[0]?.errorCode
  }
  expect([await code(0, 'g'), await code(1, 't'), await code(2, shareKey)]).toEqual([
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ])
  const older = await cluster.ask(findCoordinatorApi, 3, { key: 'g' })
  expect(older.errorMessage).toBe('Group authorization failed.')
  expect([...cluster.services.topics.all]).toEqual([])
})

test('says that the coordinator is not available while nobody leads', async () => {
  const { brokers } = cluster.services
  cluster.services.coordinators.find('group', 'g')
  for (const { id } of brokers.all) brokers.stop(id, 'kill')
  await cluster.clock.advance(1001)
  const answer = await cluster.ask(findCoordinatorApi, 3, { key: 'g' })
  expect(answer).toMatchObject({
    errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    errorMessage: 'The coordinator is not available.',
    nodeId: -1,
    host: '',
    port: -1,
  })
  const newer = await cluster.ask(findCoordinatorApi, 4, { coordinatorKeys: ['g'] })
  expect(newer.coordinators).toMatchObject([
    { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, errorMessage: '', nodeId: -1 },
  ])
})
