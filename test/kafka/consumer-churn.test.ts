// Guards a group whose members come and go as they do in production: on real brokers, processes that join, leave, are
// killed and stand still beyond their session. Nothing is lost or committed early, and only a crash lets something come twice.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChurnGroup } from './support/churn/churn-group'
import { churnBrokerConfig, type ChurnMode } from './support/churn/churn-modes'
import { churnPartitions, runChurn } from './support/churn/run-churn'
import { describeEachKafkaCluster, type KafkaClusterUnderTest } from './support/describe-kafka'

const sessionTimeoutMs = 3_000
const load = { messages: 24_000, rate: 3_000, members: 3, sessionTimeoutMs, settleMs: 30_000 } as const
/** Longer than a session. */
const freezeMs = 4_500
/** Half of what a partition waits at least that is given up for a rebalance in which the group waits for a session to end. */
const longestPauseMs = 1_500

type Disturb = (group: ChurnGroup) => Promise<void>

async function churn(cluster: KafkaClusterUnderTest, mode: ChurnMode, disturb: Disturb) {
  const { bootstrap, version } = cluster
  const options = { mode, name: cluster.uniqueName(mode), disturb, ...load }
  const report = await runChurn({ bootstrap, version }, options)
  expect(report).toMatchObject({
    audit: { violations: [], finished: report.messages, missing: 0 },
    javaComplete: churnPartitions,
  })
  expect(report.audit.zombieMs).toBeLessThan(longestPauseMs)
  return report
}

const brokerConfig = churnBrokerConfig(sessionTimeoutMs)

// Each mode on one version; the long form (tools/consumer-churn.ts) runs any of them on any.

describeEachKafkaCluster('a group that churns', { brokerConfig, versions: ['3.7.2'] }, (cluster) => {
  it('G4 G9 G10 G15 L14 L15, eager: a rebalance stops all partitions, and only what a crash left open comes twice', async () => {
    const { pauses, ends } = await churn(cluster, 'eager', comeAndGo)
    expect(pauses.cameBack.count).toBeGreaterThan(0)
    expect(ends).toEqual([])
  }, 90_000)

  it('G7 G9 L14 L15, static: restarts within the session move nothing, and who was replaced is fenced', async () => {
    const { pauses, ends } = await churn(cluster, 'static', restart)
    expect(pauses.moved.count).toBe(0)
    expect(pauses.cameBack.count).toBeGreaterThan(0)
    expect(ends).toEqual([{ name: 'member-2', code: 'FENCED_INSTANCE_ID', wasReplaced: true }])
  }, 90_000)
})

describeEachKafkaCluster('a group that churns', { brokerConfig, versions: ['4.3.1'] }, (cluster) => {
  it.each(['cooperative', 'consumer'] as const)(
    'G4 G9 G10 G11 G15 L14 L15, %s: partitions that stay never pause, and only what a crash left open comes twice',
    async (mode) => {
      const { pauses, ends } = await churn(cluster, mode, comeAndGo)
      expect(pauses.kept.count).toBeGreaterThan(0)
      expect(pauses.kept.max).toBeLessThan(longestPauseMs)
      expect(ends).toEqual([])
    },
    90_000,
  )
})

async function comeAndGo(group: ChurnGroup): Promise<void> {
  const [first, second, third] = group.members
  if (first === undefined || second === undefined || third === undefined) throw new Error('Nobody is there')
  const [fourth, fifth] = await Promise.all([group.prepare(), group.prepare()])
  // What they have is theirs for a while before and after the rebalance, so that a pause shows.
  await sleep(1_500)
  await group.join(fourth)
  await group.assigned(fourth)
  await sleep(1_000)
  const leaving = sleep(2_000).then(() => group.leave(second))
  const joining = sleep(1_000).then(() => group.join(fifth))
  await Promise.all([group.kill(first), group.freeze(third, freezeMs), leaving, joining])
}

async function restart(group: ChurnGroup): Promise<void> {
  const [first, second, third] = group.members
  if (first === undefined || second === undefined || third === undefined) throw new Error('Nobody is there')
  await group.restart(first, 'leave')
  await group.restart(second, 'kill')
  await group.replaceFrozen(third, freezeMs)
}
