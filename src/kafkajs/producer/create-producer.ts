import type { Producer as CoreProducer, ProducerOptions } from '../../index'
import { requestTimeoutOf, timer } from '../client/core-options'
import { withClusterView } from '../client/cluster-view'
import { producerEvents } from '../client/event-names'
import { Instrumentation } from '../client/instrumentation'
import { Lifecycle } from '../client/lifecycle'
import { openSession } from '../client/open-session'
import { requestListeners } from '../client/request-events'
import { resolveRetry, type RetrySettings, totalPauseMs } from '../client/retry'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import { translateError } from '../errors/translate-error'
import type { LocalMembers } from '../group/local-members'
import { Partitioners } from '../partitioners/partitioners'
import type { KafkaConfig } from '../types/config'
import type { Logger } from '../types/logger'
import type { Producer, ProducerConfig, Transaction } from '../types/producer'
import { createTransaction } from './create-transaction'
import { requireConnected } from './message-checks'
import { createMessageSender, type TopicSender } from './message-sender'
import { ProducerSession, type SessionOptions } from './producer-session'
import { isMissing } from '../is-missing'

/** A cluster that answers tells of its topics within this time, also when nothing is to be tried again. */
const leastMetadataWaitMs = 1000

/** Makes a producer of KafkaJS: an object whose methods are its own, need no `this`, and may be replaced. */
export function createProducer(
  kafka: KafkaConfig,
  config: ProducerConfig,
  root: Logger,
  members: LocalMembers,
): Producer {
  const retry = resolveRetry(kafka.retry, config.retry)
  const { idempotent = false, createPartitioner = Partitioners.DefaultPartitioner, transactionalId } = config
  if (idempotent && retry.retries < 1) {
    throw new KafkaJSNonRetriableError(
      'Idempotent producer must allow retries to protect against transient errors',
    )
  }
  const logger = root.namespace('Producer')
  if (idempotent && isLimited(kafka, config) && retry.retries < Number.MAX_SAFE_INTEGER) {
    logger.warn('Limiting retries for the idempotent producer may invalidate EoS guarantees')
  }
  const choosePartition = createPartitioner()
  const instrumentation = new Instrumentation('producer', producerEvents, logger)
  const events = requestListeners(instrumentation, producerEvents)
  const { metadataMaxAge, maxInFlightRequests } = config
  const settings = { retry, logger, events, metadataMaxAge, maxInFlightRequests }
  const lifecycle = new Lifecycle(() =>
    openSession(
      kafka,
      settings,
      (options) => new ProducerSession(sessionOptions(kafka, config, retry, options)),
    ),
  )
  const parts = {
    status: () => lifecycle.status,
    session: () => lifecycle.session,
    choosePartition,
    retry,
  }
  let stage: 'ready' | 'beginning' | 'transacting' = 'ready'

  const transaction = async (): Promise<Transaction> => {
    if (!transactionalId) {
      throw new KafkaJSNonRetriableError('Must provide transactional id for transactional producer')
    }
    if (stage === 'beginning') {
      throw new KafkaJSNonRetriableError(
        'Transaction state exception: Cannot call "beginTransaction" in state "TRANSACTING"',
      )
    }
    if (stage === 'transacting') {
      throw new KafkaJSNonRetriableError(
        'There is already an ongoing transaction for this producer. Please end the transaction before beginning another.',
      )
    }
    requireConnected(lifecycle.status)
    stage = 'beginning'
    try {
      const begun = await (lifecycle.session as ProducerSession).transactional().beginTransaction()
      stage = 'transacting'
      const sender = createMessageSender({ ...parts, isIdempotent: true, senderFor: () => senderOf(begun) })
      return createTransaction(begun, sender, members, () => (stage = 'ready'))
    } catch (error) {
      stage = 'ready'
      throw translateError(error)
    }
  }

  const producer: Producer = {
    connect: async () => {
      await lifecycle.connect()
      instrumentation.emit(producerEvents.CONNECT)
    },
    disconnect: async () => {
      await lifecycle.disconnect()
      stage = 'ready'
      instrumentation.emit(producerEvents.DISCONNECT)
    },
    isIdempotent: () => idempotent,
    events: producerEvents,
    on: instrumentation.on.bind(instrumentation) as Producer['on'],
    ...createMessageSender({
      ...parts,
      isIdempotent: idempotent,
      senderFor: (session, acks) => senderOf(session.plain(acks)),
    }),
    transaction,
    logger: () => logger,
  }
  return withClusterView(producer, () => lifecycle.session?.clusterId ?? null)
}

/** Whether the program says how often something may be tried again. */
function isLimited(kafka: KafkaConfig, config: ProducerConfig): boolean {
  return !isMissing(config.retry?.retries ?? kafka.retry?.retries)
}

function senderOf(core: Pick<CoreProducer, 'send'>): TopicSender {
  return { send: (topic, messages, options) => core.send(topic, messages, options) }
}

function sessionOptions(
  kafka: KafkaConfig,
  config: ProducerConfig,
  retry: RetrySettings,
  options: SessionOptions['kafka'],
): SessionOptions {
  const { allowAutoTopicCreation = true, transactionalId, transactionTimeout = 60_000 } = config
  const pauses = totalPauseMs(retry)
  // KafkaJS documents that idempotent producers try again without a limit, and hands them its five nevertheless. Here it
  // is as documented, within the time that those five may take: a send settles, and an outage shorter than that is no
  // failure. A number that the program gives counts as it is.
  const isUnlimited = config.idempotent && !isLimited(kafka, config)
  const producer: ProducerOptions = {
    allowAutoTopicCreation,
    retries: isUnlimited ? Number.MAX_SAFE_INTEGER : Math.min(retry.retries, Number.MAX_SAFE_INTEGER),
    maxInFlightRequestsPerConnection: Math.min(config.maxInFlightRequests ?? 5, 5),
    // KafkaJS bounds attempts, not time: each may take its request's time, with the pauses in between.
    deliveryTimeoutMs: timer((retry.retries + 1) * requestTimeoutOf(kafka) + pauses),
    // Waiting for memory is back-pressure, no failure.
    maxBlockMs: timer(Infinity),
  }
  return {
    kafka: options,
    producer,
    transactional: transactionalId
      ? { transactionalId, transactionTimeoutMs: timer(transactionTimeout, 1) }
      : undefined,
    metadataWaitMs: timer(Math.max(pauses, leastMetadataWaitMs)),
  }
}
