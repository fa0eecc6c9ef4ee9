// Guards what tells clusters apart in traces and metrics: the id is the cluster's own, and nothing is made up before it is known.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster } from '../../src/testing'

it('knows the id of its cluster once a client has reached it', async () => {
  const cluster = await createCluster({ network: 'memory', brokers: 1, logger: silentLogger })
  const kafka = new Kafka(cluster.clientOptions())
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  try {
    expect(kafka.clusterId).toBeNull()
    const { clusterId } = await admin.describeCluster()
    expect(clusterId).toMatch(/./)
    await producer.connect()
    expect(kafka.clusterId).toBe(clusterId)
  } finally {
    await Promise.all([admin.close(), producer.close()])
    await cluster.close()
  }
})
