// Guards the promise of exactly-once processing where it is made: three stages on three brokers, while members are killed
// and frozen beyond their session and a broker is restarted. Nothing is missing, nothing comes twice, keys keep their order.
import { runChain, type RunningChain } from './support/chain/run-chain'
import { describeEachKafkaCluster } from './support/describe-kafka'

const records = 20_000
const keys = 100

const load = {
  nodes: 3,
  brokerConfig: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000' },
} as const

describeEachKafkaCluster('a chain of exactly-once stages', load, (cluster) => {
  it('T9, X5, L12: each record passes once, in the order of its key, through kills, freezes and a restart', async () => {
    const report = await runChain(cluster, {
      topicPrefix: cluster.uniqueName('chain'),
      records,
      keys,
      rate: 2500,
      membersPerStage: 2,
      disturb,
      settleMs: 60_000,
    })
    for (const stage of report.stages) {
      expect(stage).toMatchObject({ records, duplicates: 0, holes: 0, movedKeys: 0, first: '' })
    }
    expect(report.stages).toHaveLength(4)
    expect(report.audit).toEqual({
      records,
      keys,
      numbers: records,
      duplicates: 0,
      holes: 0,
      movedKeys: 0,
      first: '',
    })
  }, 240_000)
})

async function disturb(chain: RunningChain): Promise<void> {
  await chain.reached(0.05)
  const [victim, frozen] = chain.members
  const node = chain.cluster.nodes[1]
  if (victim === undefined || frozen === undefined || node === undefined)
    throw new Error('There is nobody to disturb')
  await Promise.all([chain.killAndReplace(victim), frozen.freeze(8000), node.stop().then(() => node.start())])
}
