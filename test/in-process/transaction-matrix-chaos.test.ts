// Guards all or nothing, once and in order, against mixtures of faults that no row thought of (T1 to T9, X3, X9).
import { Kafka, type KafkaError, type Producer, type Transaction } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { simulate, type BrokerApiName, type Simulation } from '../../src/testing'
import type { ErrorCodeName } from '../../src/base/error-codes'
import { committedValues, storedValues } from './support/committed-view'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

const apis: readonly BrokerApiName[] = [
  'Produce',
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
  'FindCoordinator',
  'Metadata',
]
const passing: readonly ErrorCodeName[] = [
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
  'REQUEST_TIMED_OUT',
]
const abortable: readonly ErrorCodeName[] = [
  'TOPIC_AUTHORIZATION_FAILED',
  'TRANSACTION_ABORTABLE',
  'UNKNOWN_PRODUCER_ID',
]
const partitions = 3

/** Lets one request in so many go wrong, somehow. */
function misbehave(sim: Simulation, oneIn: number): void {
  for (const api of apis) {
    sim.cluster.on(api, async (_, exchange) => {
      if (!sim.chance.happens(1 / oneIn)) return undefined
      const what = sim.chance.between(0, 5)
      sim.trace(`${api}: fault ${what}`)
      if (what === 0) return exchange.close()
      if (what === 1) return exchange.close({ after: 'acting' })
      if (what === 2) return exchange.drop({ after: sim.chance.happens(0.5) ? 'acting' : 'before' })
      if (what === 3) await exchange.delay(sim.chance.between(1, 600))
      return undefined
    })
  }
}

function misanswer(sim: Simulation, oneIn: number): void {
  for (const api of apis) {
    for (const code of [...passing, ...abortable]) {
      const isHard = (abortable as readonly string[]).includes(code)
      if (isHard && (api === 'Metadata' || api === 'FindCoordinator' || api === 'InitProducerId')) continue
      sim.cluster.faults.fail(api, code, {
        where: () => sim.chance.happens(1 / (oneIn * (isHard ? 60 : 20))),
      })
    }
  }
}

async function move(sim: Simulation, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sim.sleep(sim.chance.between(50, 1500))
    const id = sim.chance.between(1, 3)
    const what = sim.chance.between(0, 3)
    if (what <= 1) {
      await sim.cluster.stopBroker(id, { kill: what === 0 })
      await sim.sleep(sim.chance.between(50, 2500))
      await sim.cluster.startBroker(id)
    } else if (what === 2) sim.cluster.cutConnections(id)
  }
}

/** What a transaction has come to, as its user knows it. */
type Fate = 'committed' | 'aborted' | 'unknown'

interface LedgerEntry {
  /** By partition. */
  readonly values: readonly string[][]
  readonly offset: bigint
  readonly fate: Fate
}

async function runTransactions(sim: Simulation, count: number, ledger: LedgerEntry[]): Promise<void> {
  const timing = { retryBackoffMs: 20, requestTimeoutMs: sim.chance.between(300, 1500) }
  const kafka = new Kafka({ ...sim.clientOptions(), logger: silentLogger, ...timing })
  const limits = {
    deliveryTimeoutMs: sim.chance.between(1600, 8000),
    maxBlockMs: sim.chance.between(500, 6000),
  }
  const open = () => kafka.producer({ transactionalId: 'tx', batchSizeBytes: 200, ...limits })
  let producer: Producer = open()
  let producers = 1
  for (let i = 0; i < count; i++) {
    const transaction: Transaction | undefined = await producer.beginTransaction().catch(() => undefined)
    if (transaction === undefined) {
      // Whatever was wrong with it: the next producer of the same id takes over.
      await producer.close({ timeoutMs: 0 })
      producer = open()
      producers++
      if (producers > 200) throw new Error('No producer can begin')
      await sim.sleep(100)
      i--
      continue
    }
    const values: string[][] = Array.from({ length: partitions }, () => [])
    const fate = await runOne(sim, transaction, i, values)
    ledger.push({ values, offset: BigInt(i + 1), fate })
    sim.trace(`transaction ${i}: ${fate}`)
    // A commit has waited for all of it (R16).
    if (fate === 'committed') expect(producer.bufferedBytes).toBe(0)
  }
  await producer.close()
}

async function runOne(sim: Simulation, tx: Transaction, i: number, values: string[][]): Promise<Fate> {
  const sends: Promise<unknown>[] = []
  for (let k = sim.chance.between(1, 12); k > 0; k--) {
    const partition = sim.chance.between(0, partitions - 1)
    const value = `${i}.${partition}.${values[partition]?.length}`
    values[partition]?.push(value)
    sends.push(tx.send('t', { partition, value: value.padEnd(60, ' ') }))
    if (sim.chance.happens(0.3)) await sends.at(-1)?.catch(() => {})
  }
  for (const sent of sends) sent.catch(() => {})
  const offsets = tx.sendOffsets([{ topic: 't', partition: 0, offset: BigInt(i + 1) }], { groupId: 'g' })
  offsets.catch(() => {})
  if (sim.chance.happens(0.7)) await offsets.catch(() => {})
  if (sim.chance.happens(0.2)) return await end(sim, () => tx.abort(), 'aborted')
  const options = sim.chance.happens(0.3) ? { timeoutMs: sim.chance.between(20, 500) } : {}
  const fate = await end(sim, () => tx.commit(options), 'committed')
  if (fate !== 'aborted') return fate
  return await end(sim, () => tx.abort(), 'aborted')
}

/** Ends a transaction, again and again while the outcome is open; `aborted` when it can only be aborted now. */
async function end(sim: Simulation, ask: () => Promise<void>, wanted: Fate): Promise<Fate> {
  let isOpen = false
  for (let tries = 0; tries < 60; tries++) {
    try {
      await ask()
      return wanted
    } catch (error) {
      const { code } = error as KafkaError
      sim.trace(`${wanted}: ${code}`)
      if (code !== 'TRANSACTION_OUTCOME_UNKNOWN')
        return isOpen ? 'unknown' : wanted === 'committed' ? 'aborted' : 'unknown'
      isOpen = true
      await sim.sleep(200)
    }
  }
  throw new Error('The end of a transaction stays open')
}

async function scenario(sim: Simulation, version: 1 | 2): Promise<void> {
  sim.cluster.createTopic('t', { partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } })
  sim.cluster.setFeature('transaction.version', version)
  const oneIn = sim.chance.between(4, 16)
  misbehave(sim, oneIn)
  misanswer(sim, oneIn)
  const ledger: LedgerEntry[] = []
  let isOver = false
  const moving = move(sim, () => isOver)
  await runTransactions(sim, 12, ledger)
  isOver = true
  await moving
  sim.cluster.clearFaults()
  // Whoever comes next ends what was left open.
  const last = new Kafka({ ...sim.clientOptions(), logger: silentLogger }).producer({ transactionalId: 'tx' })
  await last.connect()
  await last.close()
  await sim.sleep(5000)
  judge(sim, ledger)
}

function judge(sim: Simulation, ledger: readonly LedgerEntry[]): void {
  for (let partition = 0; partition < partitions; partition++) {
    const seen = committedValues(sim.cluster, 't', partition).map((value) => value.trim())
    const expected = ledger.flatMap(({ values, fate }) => {
      const own = values[partition] ?? []
      const isSeen = fate === 'committed' || (fate === 'unknown' && isWhole(sim, values))
      return isSeen ? own : []
    })
    expect(seen).toEqual(expected)
    const stored = storedValues(sim.cluster, 't', partition)
    expect(new Set(stored).size).toBe(stored.length)
  }
  const certain = ledger.filter(({ fate }) => fate === 'committed').at(-1)?.offset ?? 0n
  const possible = ledger.filter(({ fate }) => fate !== 'aborted').map(({ offset }) => offset)
  const committed = sim.cluster.group('g')?.offsets.at(0)?.offset ?? 0n
  expect(committed).toBeGreaterThanOrEqual(certain)
  if (committed > 0n) expect(possible).toContain(committed)
}

/** Of a transaction whose fate is not known: it is seen in all its partitions, or in none. */
function isWhole(sim: Simulation, values: readonly string[][]): boolean {
  const found = values.flatMap((own, partition) => {
    const seen = new Set(committedValues(sim.cluster, 't', partition).map((value) => value.trim()))
    return own.map((value) => seen.has(value))
  })
  expect(new Set(found).size).toBeLessThanOrEqual(1)
  return found[0] ?? false
}

const first = Number(process.env['CHAOS_SEED'] ?? 1)
const seeds = Number(process.env['CHAOS_SEEDS'] ?? 15)

test.each([1, 2] as const)(
  'T1 T6 T7 X3: transactions among random faults, transaction.version %i',
  async (version) => {
    for (let seed = first; seed < first + seeds; seed++) {
      await simulate(seed, (sim) => scenario(sim, version), { brokers: 3 })
    }
  },
  120_000,
)
