// Guards share groups against faults at any moment: answers that are late or lost, brokers that die, freeze and lose
// leaders, members that leave, die and freeze. Nothing is lost, and nothing is done twice that brokers know of.
import { simulate } from '../../src/testing'
import { keptShareSeeds } from './seeds'
import { runShareWorkload } from './support/share-workload'

const count = Math.ceil(Number(process.env.SIMULATION_SEEDS ?? 60) / 12)

async function run(seed: number): Promise<void> {
  const { outcomes } = await simulate(seed, runShareWorkload, { brokers: 3 })
  expect(outcomes.get('accept taken')).toBeGreaterThan(0)
}

describe('every record of a share group is done once, none is held by two, no count passes the limit', () => {
  test.each(keptShareSeeds)('S1 S2 S3 S5: seed $seed, where once $was', ({ seed }) => run(seed), 30_000)

  test.each(Array.from({ length: count }, (_, i) => 300_000 + i))('S1 S2 S3 S5: seed %i', run, 30_000)
})
