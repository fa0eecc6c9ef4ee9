// Guards the laws L7 to L20 against faults at any moment: brokers that die, freeze and lose leaders, connections cut
// before and after the broker acted, answers that are late or never come, members that come and go.
import { simulate, SimulationError, type Simulation } from '../../src/testing'
import { keptSeeds } from './seeds'
import { runEosWorkload } from './support/eos-workload'
import { mixedGroupsCluster, runMixedGroupsWorkload } from './support/mixed-groups-workload'
import { runWorkload } from './support/workload'

const count = Number(process.env.SIMULATION_SEEDS ?? 60)
const cluster = { brokers: 3 }

describe('the laws hold while the cluster is disturbed', () => {
  test.each(keptSeeds)(
    'seed $seed, where once $was',
    ({ seed }) => simulate(seed, runWorkload, cluster),
    30_000,
  )

  test.each(Array.from({ length: count }, (_, i) => 100_000 + i))(
    'seed %i',
    (seed) => simulate(seed, runWorkload, cluster),
    30_000,
  )
})

describe('a chain of exactly-once stages neither loses nor repeats a message while the cluster is disturbed', () => {
  test.each(Array.from({ length: Math.ceil(count / 2) }, (_, i) => 200_000 + i))(
    'seed %i',
    (seed) => simulate(seed, runEosWorkload, cluster),
    60_000,
  )
})

describe('a group that moves between the protocols keeps L13 to L16 while the cluster is disturbed', () => {
  test.each(Array.from({ length: Math.ceil(count / 5) }, (_, i) => 300_000 + i))(
    'seed %i',
    (seed) => simulate(seed, runMixedGroupsWorkload, mixedGroupsCluster),
    30_000,
  )
})

describe('a simulation', () => {
  const history = async (seed: number): Promise<string[]> => {
    const lines: string[] = []
    await simulate(
      seed,
      async (sim: Simulation) => {
        await runWorkload(sim)
        for (const { at, brokerId, sessionId, api, outcome } of sim.cluster.requests.all) {
          lines.push(`${at} ${brokerId} ${sessionId} ${api} ${outcome}`)
        }
      },
      cluster,
    )
    return lines
  }

  test('is the same run for the same seed, request by request', async () => {
    const first = await history(7)
    expect(first.length).toBeGreaterThan(100)
    expect(await history(7)).toEqual(first)
  }, 30_000)

  test('is another run for another seed', async () => {
    expect(await history(8)).not.toEqual(await history(9))
  }, 30_000)

  test('that fails names its seed, the time and what happened last', async () => {
    const failing = simulate(5, async (sim) => {
      await sim.sleep(1500)
      sim.trace('the last straw')
      throw new RangeError('broken')
    })
    await expect(failing).rejects.toThrow(SimulationError)
    await expect(failing).rejects.toMatchObject({ code: 'SIMULATION_FAILED', seed: 5 })
    await expect(failing).rejects.toThrow(
      /Seed 5 failed after 1500 virtual ms: broken[^]*1500.0 ms {2}the last straw/,
    )
  })

  test('that can never end is told so', async () => {
    await expect(simulate(1, () => new Promise(() => {}))).rejects.toThrow(
      /no timer is left that could wake it/,
    )
    const endless = async (sim: Simulation): Promise<void> => {
      for (;;) await sim.sleep(1000)
    }
    await expect(simulate(1, endless, { maxVirtualMs: 60_000 })).rejects.toThrow(/not done after 60000 ms/)
  })
})
