// Guards against admins that look for a hanging transaction and are shown another state than the log's.
import { ErrorCode, type ErrorCodeName } from '../../../../src/base/error-codes'
import { describeProducersApi } from '../../../../src/wire/generated/client/describe-producers'
import { LogApiClient } from '../support/log-api-client'
import { batchOf } from '../support/replication-cluster'

async function producersOf(client: LogApiClient, { index = 0, brokerId = 1 } = {}) {
  const request = { topics: [{ name: 't', partitionIndexes: [index] }] }
  const response = await client.ask(describeProducersApi, request, { brokerId })
  return response.topics[0]?.partitions[0]
}

function code(name: ErrorCodeName) {
  return { errorCode: ErrorCode[name], activeProducers: [] }
}

describe('DescribeProducers', () => {
  it('shows epoch, sequence, time and open transaction of each producer', async () => {
    const client = new LogApiClient()
    const [partition] = client.cluster.createTopic('t')
    partition?.append(batchOf(['a', 'b'], { producerId: 7n, producerEpoch: 1, baseSequence: 0 }), {
      origin: 'client',
    })
    const open = { producerId: 8n, producerEpoch: 2, baseSequence: 0, isTransactional: true }
    partition?.append(batchOf(['c'], open), { origin: 'client' })
    const lastTimestamp = 1_700_000_000_000n
    expect(await producersOf(client)).toMatchObject({
      errorCode: 0,
      activeProducers: [
        {
          producerId: 7n,
          producerEpoch: 1,
          lastSequence: 1,
          lastTimestamp,
          coordinatorEpoch: -1,
          currentTxnStartOffset: -1n,
        },
        { producerId: 8n, producerEpoch: 2, lastSequence: 0, lastTimestamp, currentTxnStartOffset: 2n },
      ],
    })
  })

  it('is for the leader, for partitions there are, and for those who may read', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    expect(await producersOf(client, { brokerId: 2 })).toMatchObject(code('NOT_LEADER_OR_FOLLOWER'))
    expect(await producersOf(client, { index: 1 })).toMatchObject(code('UNKNOWN_TOPIC_OR_PARTITION'))
    client.cluster.denied.add('Read Topic t')
    expect(await producersOf(client)).toMatchObject(code('TOPIC_AUTHORIZATION_FAILED'))
  })
})
