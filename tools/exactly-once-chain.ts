import { runChain, type RunningChain } from '../test/kafka/support/chain/run-chain'
import type { KafkaVersion } from '../test/kafka/support/kafka-versions'
import { knownVersion, onKafka } from './support/on-kafka'

// The long form of test/kafka/exactly-once-chain.test.ts: members that join, leave, freeze and die at random, and each
// broker restarted in turn, while records pass three stages. Needs Java and Maven. Ends with code 1 when one record is
// missing, came twice or lost its place.
//
//   tsx tools/exactly-once-chain.ts [Kafka version, default 4.3.1] [records, default 500000] [a second, default 10000]

const keys = 1000
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item

async function main([version = '4.3.1', count = '500000', rate = '10000']: readonly string[]): Promise<void> {
  const records = Math.ceil(Number(count) / keys) * keys
  const report = await runDisturbed(knownVersion(version), records, Number(rate))
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const expected = { records, keys, numbers: records, duplicates: 0, holes: 0, movedKeys: 0, first: '' }
  const isRight =
    JSON.stringify(report.audit) === JSON.stringify(expected) &&
    report.stages.every((stage) => stage.records === records && stage.first === '' && stage.movedKeys === 0)
  process.stdout.write(isRight ? 'exactly once\n' : 'NOT exactly once\n')
  process.exitCode = isRight ? 0 : 1
}

function runDisturbed(version: KafkaVersion, records: number, rate: number) {
  const brokerConfig = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000' }
  return onKafka({ version, nodes: 3, brokerConfig }, (cluster) =>
    runChain(cluster, {
      topicPrefix: 'chain',
      records,
      keys,
      rate,
      membersPerStage: 2,
      disturb: async (chain) => {
        await Promise.all([disturbMembers(chain), restartBrokers(chain)])
      },
      settleMs: 180_000,
      log: (line) => process.stdout.write(`${line}\n`),
    }),
  )
}

/** Until four fifths of the records have passed. */
async function disturbMembers(chain: RunningChain): Promise<void> {
  const running: Promise<void>[] = []
  while (chain.progress() < 0.8) {
    await sleep(500 + Math.random() * 4000)
    const awake = chain.members.filter(({ isFrozen }) => !isFrozen)
    const member = pick(awake)
    const what = pick(['join', 'leave', 'kill', 'freeze'])
    if (what === 'join' && chain.members.length < 9) running.push(chain.join())
    else if (member === undefined) continue
    else if (what === 'leave' && awake.length > 4) running.push(chain.leave(member))
    else if (what === 'kill') running.push(chain.killAndReplace(member))
    else if (what === 'freeze') {
      chain.log(`${member.options.transactionalId} freezes`)
      running.push(member.freeze(500 + Math.random() * 12_000))
    }
    // A stage without members would wait for the end.
    while (chain.fewest < 1) await chain.join()
  }
  await Promise.all(running)
}

async function restartBrokers(chain: RunningChain): Promise<void> {
  for (const [index, node] of chain.cluster.nodes.entries()) {
    await chain.reached(0.1 + index * 0.2)
    chain.log(`broker ${node.id} restarts`)
    await node.stop(index === 1 ? 'SIGKILL' : 'SIGTERM')
    await node.start()
  }
}

void main(process.argv.slice(2))
