import { isKafkaError, Kafka, silentLogger } from 'typed-kafka'

// One member of one stage, as a process of its own: processes a topic into the next exactly once. When its run ends with
// an error, because it was fenced for instance, it starts again as a service would. Its parent tells it to leave.

/** What a worker is told on its command line, as JSON. */
export interface ChainWorkerOptions {
  readonly brokers: readonly string[]
  readonly groupId: string
  readonly from: string
  readonly to: string
  readonly transactionalId: string
}

/** What a worker tells its parent. */
export type ChainWorkerReport = { readonly kind: 'ready' } | { readonly kind: 'ended'; readonly code: string }

async function main(options: ChainWorkerOptions): Promise<void> {
  const leaving = new AbortController()
  process.on('message', () => leaving.abort())
  process.on('disconnect', () => process.exit(1))
  tell({ kind: 'ready' })
  while (!leaving.signal.aborted) {
    try {
      await work(options, leaving.signal)
    } catch (error) {
      // A mistake in this program, which no start cures.
      if (!isKafkaError(error) || error.code.startsWith('INVALID_')) throw error
      tell({ kind: 'ended', code: error.code })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  process.disconnect()
}

async function work(options: ChainWorkerOptions, signal: AbortSignal): Promise<void> {
  const { brokers, groupId, from, to, transactionalId } = options
  const kafka = new Kafka({
    clientId: transactionalId,
    brokers,
    logger: silentLogger,
    requestTimeoutMs: 5_000,
  })
  await using producer = kafka.producer({
    transactionalId,
    transactionTimeoutMs: 5_000,
    deliveryTimeoutMs: 20_000,
    maxBlockMs: 20_000,
  })
  await using consumer = kafka.consumer({
    groupId,
    topics: [from],
    startFrom: 'earliest',
    isolationLevel: 'read_committed',
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 500,
    maxPollIntervalMs: 30_000,
  })
  await consumer.processTransactionally(
    producer,
    async (batch, tx) => {
      await tx.send(
        to,
        [...batch].map(({ key, value }) => ({ key, value })),
      )
    },
    { maxMessages: 500, signal },
  )
}

function tell(report: ChainWorkerReport): void {
  if (process.connected) process.send?.(report)
}

void main(JSON.parse(process.argv[2] ?? '') as ChainWorkerOptions)
