import { isKafkaError, Kafka, onDiagnostics, silentLogger, type Message } from 'typed-kafka'
import { LedgerWriter } from './churn-ledger'
import { memberOptions, type ChurnMode } from './churn-modes'

// One member of the group, as a process of its own, which writes down what it does. It joins when its parent tells it to,
// and leaves when it is told again.

/** What a worker is told on its command line, as JSON. */
export interface ChurnWorkerOptions {
  readonly brokers: readonly string[]
  readonly groupId: string
  readonly topic: string
  readonly mode: ChurnMode
  /** The same for all processes that take one place after another, as an orchestrator gives them. */
  readonly slot: string
  readonly sessionTimeoutMs: number
  /** Path of its ledger. */
  readonly ledger: string
}

/** What a worker tells its parent. */
export type ChurnWorkerReport = { readonly kind: 'ready' } | { readonly kind: 'ended'; readonly code: string }

async function main(options: ChurnWorkerOptions): Promise<void> {
  const ledger = new LedgerWriter(options.ledger)
  const commands = new Map<string, () => void>()
  const told = (command: string) => new Promise<void>((resolve) => commands.set(command, resolve))
  const joining = told('join')
  const leaving = told('leave')
  process.on('message', (command: string) => commands.get(command)?.())
  process.on('disconnect', () => process.exit(1))
  process.send?.({ kind: 'ready' })
  await joining
  const code = await work(options, ledger, leaving)
  if (process.connected && code !== undefined) process.send?.({ kind: 'ended', code })
  process.disconnect()
}

/** Answers with why it ended, unless it was told to leave. */
async function work(
  { brokers, groupId, topic, mode, slot, sessionTimeoutMs }: ChurnWorkerOptions,
  ledger: LedgerWriter,
  leaving: Promise<void>,
): Promise<string | undefined> {
  const kafka = new Kafka({ clientId: slot, brokers, logger: silentLogger, requestTimeoutMs: 10_000 })
  const note = (kind: 'a' | 'r' | 'l') => (list: readonly { readonly partition: number }[]) => {
    for (const { partition } of list) ledger.write(kind, partition)
  }
  onDiagnostics('typed-kafka:consumer:rebalanced', ({ durationMs }) =>
    ledger.write('g', 0, Math.round(durationMs)),
  )
  const consumer = kafka.consumer({
    groupId,
    topics: [topic],
    startFrom: 'earliest',
    autoCommitIntervalMs: 500,
    maxPollIntervalMs: 20_000,
    onPartitionsAssigned: note('a'),
    onPartitionsRevoked: note('r'),
    onPartitionsLost: note('l'),
    ...memberOptions(mode, slot, sessionTimeoutMs),
  })
  const running = consumer.run((message) => handle(message, ledger), { concurrency: 12 })
  const failed = running.then(
    () => 'ended without being told',
    (error: unknown) => (isKafkaError(error) ? error.code : String(error)),
  )
  const code = await Promise.race([failed, leaving.then(() => undefined)])
  await consumer.close()
  ledger.write('x')
  return code
}

/** Most messages take no time, some a little, a few longer than a rebalance asks the coordinator for. */
function handle({ partition, offset }: Message, ledger: LedgerWriter): Promise<void> | undefined {
  ledger.write('b', partition, offset)
  const number = Number(offset)
  const waitMs = number % 256 === 7 ? 40 : number % 16 === 3 ? 2 : 0
  if (waitMs > 0) return new Promise((resolve) => setTimeout(resolve, waitMs)).then(finish)
  finish()
  return undefined

  function finish(): void {
    ledger.write('f', partition, offset)
  }
}

void main(JSON.parse(process.argv[2] ?? '') as ChurnWorkerOptions)
