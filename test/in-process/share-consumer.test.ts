// Guards share consumers against handing out what others hold, losing what nobody finished, and delivering again what
// was accepted: members of share groups as users have them, against the rules of brokers of Kafka 4.3.
import { ShareCluster, values } from './support/share-cluster'
import type { ShareMessage } from '../../src'

let cluster: ShareCluster

async function start(options: Parameters<typeof ShareCluster.start>[0] = {}): Promise<ShareCluster> {
  cluster = await ShareCluster.start(options)
  return cluster
}

afterEach(async () => {
  await cluster.close()
  expect(cluster.broker.failures).toEqual([])
})

const valueOf = (message: ShareMessage) => String(message.rawValue)

describe('a share consumer with implicit acknowledgements', () => {
  it('S1: hands out every message once, and accepts it when the next one is asked for', async () => {
    await start()
    await cluster.produce(values(20))
    const seen: string[] = []
    for await (const message of cluster.consumer()) {
      seen.push(valueOf(message))
      expect(message.deliveryCount).toBe(1)
      if (seen.length === 20) break
    }
    expect(seen).toEqual(values(20))
  })
})
