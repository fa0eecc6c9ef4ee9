import { KafkaError } from '../../base/errors'
import type { Logger } from '../../base/logger'
import { createCluster } from '../create-cluster'
import type { TestCluster, TestClientOptions } from '../test-cluster'
import type { TestClusterOptions } from '../test-cluster-options'
import { Chance, seededRandom } from './seeded-random'
import { VirtualClock } from './virtual-clock'

/** How a simulation is set up. */
export interface SimulationOptions extends Omit<TestClusterOptions, 'network' | 'seed' | 'clock' | 'logger'> {
  /** Virtual milliseconds after which a scenario that is not done has failed. Default: 3,600,000 (an hour). */
  readonly maxVirtualMs?: number | undefined
  /** Lines of the trace that a failure shows. Default: 60. */
  readonly traceLines?: number | undefined
}

/** What a scenario has to work with. Time passes only here: `Date.now()` and `setTimeout` know nothing of it. */
export interface Simulation {
  readonly seed: number
  /** The brokers, reached over an in-memory network. */
  readonly cluster: TestCluster
  /** Chance that depends on the seed alone; use it for everything that is to differ from seed to seed. */
  readonly chance: Chance
  /** Virtual milliseconds since the start. */
  readonly now: number
  /** Resolves after so much virtual time. */
  sleep(ms: number): Promise<void>
  /** Options for `new Kafka({ …, ...sim.clientOptions() })`: brokers, network, time and chance. */
  clientOptions(): TestClientOptions
  /** Notes what happened, for the error of a seed that fails. */
  trace(text: string): void
}

/** A scenario failed; the message says at which seed and when, and what happened before. */
export class SimulationError extends KafkaError {
  override readonly name = 'SimulationError'
  protected static override readonly brandName: string = 'SimulationError'
  readonly seed: number
  /** What was traced, the last line last. */
  readonly lines: readonly string[]

  constructor(seed: number, at: number, lines: readonly string[], shown: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const tail = lines.slice(-shown).map((line) => `\n    ${line}`)
    super(
      'SIMULATION_FAILED',
      `Seed ${seed} failed after ${Math.round(at)} virtual ms: ${why}\n  It fails again with simulate(${seed}, …). What happened last:${tail.join('')}`,
      { cause },
    )
    this.seed = seed
    this.lines = lines
  }
}

/**
 * Runs a scenario with brokers and clients in virtual time: everything that is left to chance comes from the seed, so
 * that the same seed is the same run, event by event.
 *
 *     await simulate(42, async (sim) => { const kafka = new Kafka(sim.clientOptions()); … }, { brokers: 3 })
 *
 * A scenario must wait with `sim.sleep` and for its clients only, and must not use files, sockets or worker threads.
 * @throws SimulationError when the scenario throws, waits for ever, or takes more than `maxVirtualMs`
 */
export async function simulate<Result>(
  seed: number,
  scenario: (simulation: Simulation) => Promise<Result>,
  options: SimulationOptions = {},
): Promise<Result> {
  const { maxVirtualMs = 3_600_000, traceLines = 60, ...clusterOptions } = options
  const clock = new VirtualClock()
  const lines: string[] = []
  const trace = (text: string) => void lines.push(`${clock.now().toFixed(1)} ms  ${text}`)
  try {
    const cluster = await clock.run(
      createCluster({
        ...clusterOptions,
        network: 'memory',
        seed,
        clock,
        logger: tracingLogger('broker', trace),
      }),
      maxVirtualMs,
    )
    const simulation: Simulation = {
      seed,
      cluster,
      chance: new Chance(seededRandom(seed ^ 0x5bd1e995)),
      get now() {
        return clock.now()
      },
      sleep: (ms) => clock.sleep(ms),
      clientOptions: () => ({ ...cluster.clientOptions(), logger: tracingLogger('client', trace) }),
      trace,
    }
    return await clock.run(runAndClose(scenario, simulation), maxVirtualMs)
  } catch (error) {
    throw new SimulationError(seed, clock.now(), lines, traceLines, error)
  }
}

async function runAndClose<Result>(
  scenario: (simulation: Simulation) => Promise<Result>,
  simulation: Simulation,
): Promise<Result> {
  try {
    return await scenario(simulation)
  } finally {
    await simulation.cluster.close()
  }
}

function tracingLogger(who: string, trace: (text: string) => void): Logger {
  const line = (level: string) => (message: string, details?: Record<string, unknown>) => {
    const shown = details === undefined ? '' : ` ${JSON.stringify(details, printable)}`
    trace(`${who} ${level}: ${message}${shown}`)
  }
  return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') }
}

function printable(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Error ? value.message : value
}
