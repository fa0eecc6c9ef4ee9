import { seededRandom } from '../../src/testing/simulation/seeded-random'

/** Whole numbers from 0 up to, not including, the limit of each call; the same seed gives the same ones everywhere. */
export function randomIntegers(seed: number): (limit: number) => number {
  const next = seededRandom(seed)
  return (limit) => Math.floor(next() * limit)
}
