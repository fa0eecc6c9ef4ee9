import type { BrokerApiName, Simulation } from '../../../src/testing'

/**
 * Things that happen to clusters. Each undoes itself after a while, at the latest when `until` has come.
 * @param apis those whose requests and answers are late, or lost
 */
export async function disturb(
  sim: Simulation,
  topics: readonly string[],
  untilMs: number,
  apis: readonly BrokerApiName[] = disturbedApis,
): Promise<void> {
  const running: Promise<void>[] = []
  while (sim.now < untilMs) {
    await sim.sleep(sim.chance.between(20, 1500))
    const [name, act] = sim.chance.pick(Object.entries(disturbances)) as [string, Disturbance]
    sim.trace(`fault: ${name}`)
    running.push(act(sim, topics, apis))
  }
  await Promise.all(running)
  await heal(sim)
}

type Disturbance = (
  sim: Simulation,
  topics: readonly string[],
  apis: readonly BrokerApiName[],
) => Promise<void>

const states = new WeakMap<Simulation, Map<number, 'stopped' | 'paused'>>()

function downBrokers(sim: Simulation): Map<number, 'stopped' | 'paused'> {
  const known = states.get(sim) ?? new Map<number, 'stopped' | 'paused'>()
  states.set(sim, known)
  return known
}

/** A broker that may go down: only one at a time, so that the data stays on two others. */
function victim(sim: Simulation): number | undefined {
  return downBrokers(sim).size > 0 ? undefined : sim.chance.pick(sim.cluster.brokerIds)
}

export const disturbedApis: readonly BrokerApiName[] = [
  'Produce',
  'Produce',
  'Fetch',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'InitProducerId',
  'AddPartitionsToTxn',
  'EndTxn',
  'FindCoordinator',
  'ListOffsets',
]

const disturbances: Readonly<Record<string, Disturbance>> = {
  async 'a broker dies'(sim) {
    const id = victim(sim)
    if (id === undefined) return
    downBrokers(sim).set(id, 'stopped')
    await sim.cluster.stopBroker(id, { kill: sim.chance.happens(0.7) })
    await sim.sleep(sim.chance.between(200, 6000))
    await sim.cluster.startBroker(id)
    downBrokers(sim).delete(id)
  },
  async 'a broker freezes'(sim) {
    const id = victim(sim)
    if (id === undefined) return
    downBrokers(sim).set(id, 'paused')
    sim.cluster.pauseBroker(id)
    await sim.sleep(sim.chance.between(100, 5000))
    sim.cluster.resumeBroker(id)
    downBrokers(sim).delete(id)
  },
  async 'a leader moves'(sim, topics) {
    const topic = sim.chance.pick(topics) as string
    const count = sim.cluster.topics.find(({ name }) => name === topic)?.partitions ?? 1
    const partition = sim.chance.between(0, count - 1)
    const { inSyncReplicas } = sim.cluster.partition(topic, partition)
    const to = sim.chance.pick(inSyncReplicas.filter((id) => !downBrokers(sim).has(id)))
    if (to !== undefined) sim.cluster.moveLeader(topic, partition, to)
  },
  async 'connections are cut'(sim) {
    sim.cluster.cutConnections(sim.chance.happens(0.5) ? undefined : sim.chance.pick(sim.cluster.brokerIds))
  },
  async 'connections end before the broker acted'(sim, _, apis) {
    const api = sim.chance.pick(apis) as BrokerApiName
    sim.cluster.on(api, (_, exchange) => exchange.close({ after: 'before' }), {
      times: sim.chance.between(1, 3),
    })
  },
  async 'connections end after the broker acted'(sim, _, apis) {
    const api = sim.chance.pick(apis) as BrokerApiName
    sim.cluster.on(api, (_, exchange) => exchange.close({ after: 'acting' }), {
      times: sim.chance.between(1, 3),
    })
  },
  async 'answers are late'(sim, _, apis) {
    const api = sim.chance.pick(apis) as BrokerApiName
    const ms = sim.chance.between(5, 3000)
    sim.cluster.on(api, (_, exchange) => exchange.delay(ms), { times: sim.chance.between(1, 5) })
  },
  async 'what was done is answered late'(sim, _, apis) {
    const api = sim.chance.pick(apis) as BrokerApiName
    const ms = sim.chance.between(5, 4000)
    sim.cluster.on(
      api,
      async (_, exchange) => {
        await exchange.proceed()
        await exchange.delay(ms)
      },
      { times: sim.chance.between(1, 3) },
    )
  },
  async 'answers never come'(sim, _, apis) {
    const api = sim.chance.pick(apis) as BrokerApiName
    const after = sim.chance.happens(0.5) ? 'acting' : 'before'
    sim.cluster.on(api, (_, exchange) => exchange.drop({ after }), { times: 1 })
  },
  async 'an answer comes twice'(sim, _, apis) {
    sim.cluster.faults.duplicateResponse(sim.chance.pick(apis) as BrokerApiName, { times: 1 })
  },
  async 'connections are slow and torn into pieces'(sim) {
    const broker = sim.chance.pick(sim.cluster.brokerIds)
    const direction = { splitAtBytes: sim.chance.between(1, 50), latencyMs: sim.chance.between(0, 20) }
    sim.cluster.shapeConnections({ toBroker: direction, toClient: direction }, broker)
    await sim.sleep(sim.chance.between(100, 1000))
    sim.cluster.shapeConnections(undefined, broker)
  },
}

async function heal(sim: Simulation): Promise<void> {
  sim.cluster.clearFaults()
  sim.cluster.shapeConnections(undefined)
  for (const [id, state] of downBrokers(sim)) {
    if (state === 'paused') sim.cluster.resumeBroker(id)
    else await sim.cluster.startBroker(id)
  }
  sim.trace('healed')
}
