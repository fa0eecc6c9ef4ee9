import * as z from 'zod/mini'
import { InvalidOptionError } from '../base/errors'
import { resolveOptions } from '../base/options'
import { type CompressionType, compressionTypes } from '../wire/records/compression/codec'
import { builtInCodecs, type Codecs } from '../wire/records/compression/codecs'
import type { ProducerInterceptor } from './interceptors'
import type { PartitionerOption } from './partitioners/partitioner'

/** Which answer makes a message count as delivered: all in-sync replicas', the leader's, or none. */
export type Acks = 'all' | -1 | 1 | 0

export interface CompressionOptions {
  readonly type: CompressionType
  /** gzip -1 to 9, zstd -131072 to 22; by default the codec's own. The others have none. `compression.<type>.level` */
  readonly level?: number | undefined
}

/** Options of `kafka.producer()`. The name in backticks is the Java client's, with its default where ours differs. */
export interface ProducerOptions {
  /** `acks`. Anything but `all` turns idempotence off. Default: `'all'`. */
  readonly acks?: Acks | undefined
  /**
   * `enable.idempotence`. The broker recognises what it stored already, so that no retry leaves a duplicate, and
   * order is kept with several requests in flight. Default: true, unless `acks` is set to something else than all.
   */
  readonly idempotent?: boolean | undefined
  /** `compression.type`, with the codec's level if wanted. Default: `'none'`. */
  readonly compression?: CompressionType | CompressionOptions | undefined
  /**
   * `linger.ms`, in Java 5. Milliseconds that a batch may wait for more messages. With 0 a batch still takes
   * everything that is sent in the same turn of the event loop, and all that is sent while its broker has as many
   * requests in flight as are allowed: a lone message leaves at once, a flood fills its batches. Default: 0.
   */
  readonly lingerMs?: number | undefined
  /** `batch.size`, in Java 16,384. Bytes of one partition's batch before compression. Default: 131,072. */
  readonly batchSizeBytes?: number | undefined
  /**
   * `max.request.size`. Bytes of the largest message, before compression and with 61 bytes of its batch's header,
   * and of the largest request. The broker has limits of its own (`message.max.bytes`). Default: 1,048,576.
   */
  readonly maxRequestSizeBytes?: number | undefined
  /** `buffer.memory`. Bytes that buffered batches may take; past it `send` waits. Default: 33,554,432. */
  readonly bufferMemoryBytes?: number | undefined
  /** `max.block.ms`. Milliseconds that `send` waits for metadata and for memory, together. Default: 60,000. */
  readonly maxBlockMs?: number | undefined
  /**
   * `retries`. How often a batch that failed in a way that may pass is sent again. As in Java it is better left alone:
   * `deliveryTimeoutMs` bounds the time, whatever the failures were. Default: as often as the time allows.
   */
  readonly retries?: number | undefined
  /**
   * `delivery.timeout.ms`. Milliseconds from the buffering of a message to its outcome: waits, retries and backoff
   * included. At least `lingerMs` + `requestTimeoutMs`. Default: 120,000.
   */
  readonly deliveryTimeoutMs?: number | undefined
  /** `request.timeout.ms`. Milliseconds until a broker's answer; after it the connection is closed. Default: 30,000. */
  readonly requestTimeoutMs?: number | undefined
  /** `max.in.flight.requests.per.connection`, 1 to 5 with idempotence. Default: 5. */
  readonly maxInFlightRequestsPerConnection?: number | undefined
  /**
   * `partitioner.class`; what places messages that name no partition. `'default'`: murmur2 of the key as in Java, and
   * for messages without a key one partition for a batch's worth of bytes, then another (KIP-794). `'round-robin'`:
   * the partitions that have a leader in turn, whatever the key. `'kafkajs-legacy'`: keys where KafkaJS's
   * `LegacyPartitioner` puts them. Or a function, or an object with a method `partition`. Default: `'default'`.
   */
  readonly partitioner?: PartitionerOption | undefined
  /**
   * `partitioner.adaptive.partitioning.enable`. Of the default partitioner: partitions in whose queues batches wait
   * are chosen less often for messages without a key. Default: true.
   */
  readonly partitionerAdaptive?: boolean | undefined
  /**
   * `partitioner.availability.timeout.ms`. Of the default partitioner: a broker for which a batch of the topic has been
   * waiting for so many milliseconds beyond `lingerMs` gets no messages without a key while others do better.
   * Default: 0, which turns this off.
   */
  readonly partitionerAvailabilityTimeoutMs?: number | undefined
  /** `partitioner.ignore.keys`. The default partitioner spreads messages with a key like those without. Default: false. */
  readonly partitionerIgnoreKeys?: boolean | undefined
  /** `interceptor.classes`, in their order. See messages before they are sent, and their outcomes. Default: none. */
  readonly interceptors?: readonly ProducerInterceptor[] | undefined
  /** Lets brokers that are configured so create a topic at the first message for it. Default: true. */
  readonly allowAutoTopicCreation?: boolean | undefined
  /**
   * `transactional.id`. Lets the producer write in transactions, and only so. It stays the same from run to run, and
   * belongs to one producer at a time: a new one with the same id ends what the old one left open, and fences it.
   */
  readonly transactionalId?: string | undefined
  /**
   * `transaction.timeout.ms`. Milliseconds after which the broker aborts a transaction that was not ended; at most the
   * broker's `transaction.max.timeout.ms`. Default: 60,000.
   */
  readonly transactionTimeoutMs?: number | undefined
}

/** The options as the producer uses them: defaults applied, checked, frozen. */
export interface ResolvedProducerOptions {
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  readonly compression: { readonly type: CompressionType; readonly level: number | undefined }
  readonly lingerMs: number
  readonly batchSizeBytes: number
  readonly maxRequestSizeBytes: number
  readonly bufferMemoryBytes: number
  readonly maxBlockMs: number
  /** Infinity for no number. */
  readonly retries: number
  readonly deliveryTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly maxInFlightRequestsPerConnection: number
  readonly partitioner: PartitionerOption
  readonly partitionerAdaptive: boolean
  readonly partitionerAvailabilityTimeoutMs: number
  readonly partitionerIgnoreKeys: boolean
  readonly interceptors: readonly ProducerInterceptor[]
  readonly allowAutoTopicCreation: boolean
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
}

/** The greatest delay a timer of Node takes. */
const maxTimerMs = 0x7fffffff
/** More batches than this of one producer and partition a broker does not remember. */
const maxInFlightIdempotent = 5

/** Milliseconds that a timer can wait. */
export const millisecondsSchema = z
  .int('must be a whole number')
  .check(z.minimum(0, 'must be 0 or more'), z.maximum(maxTimerMs, 'must be 2147483647 or less'))
const bytes = (least: number) =>
  z
    .int('must be a whole number')
    .check(z.minimum(least, `must be ${least} or more`), z.maximum(0x7fffffff, 'must be 2147483647 or less'))

const compressionNames = Object.keys(compressionTypes) as [CompressionType, ...CompressionType[]]
const compressionName = z.enum(compressionNames, `must be one of ${compressionNames.join(', ')}`)
/** How a compression is written. */
export const compressionSchema = z.lazy(() =>
  z.union(
    [
      z.pipe(
        compressionName,
        z.transform((type) => ({ type, level: undefined as number | undefined })),
      ),
      z.pipe(
        z.strictObject({ type: compressionName, level: z.optional(z.int()) }),
        z.transform(({ type, level }) => ({ type, level })),
      ),
    ],
    `must be one of ${compressionNames.join(', ')}, or { type, level }`,
  ),
)

const acks = z.lazy(() =>
  z.pipe(
    z.literal(['all', -1, 1, 0], "must be 'all', -1, 1 or 0"),
    z.transform((value): -1 | 0 | 1 => (value === 'all' ? -1 : value)),
  ),
)

const partitionerProblem = "must be 'default', 'round-robin', 'kafkajs-legacy', a function or { partition }"
const partitioner = z.custom<PartitionerOption>(
  (value) =>
    value === 'default' ||
    value === 'round-robin' ||
    value === 'kafkajs-legacy' ||
    typeof value === 'function' ||
    hasMethod(value, ['partition']),
  partitionerProblem,
)

const hooks = ['onSend', 'onAcknowledgement', 'onError'] as const
const interceptor = z.custom<ProducerInterceptor>(
  (value) => hasMethod(value, hooks),
  `must have at least one of the functions ${hooks.join(', ')}`,
)

/** Whether it is an object that has some of these, and has them as functions. */
function hasMethod(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  const given = names
    .map((name) => (value as Record<string, unknown>)[name])
    .filter((one) => one !== undefined)
  return given.length > 0 && given.every((one) => typeof one === 'function')
}

const schema = z.lazy(() =>
  z.strictObject({
    acks: z._default(acks, -1),
    idempotent: z.optional(z.boolean('must be true or false')),
    compression: z._default(compressionSchema, { type: 'none', level: undefined }),
    lingerMs: z._default(millisecondsSchema, 0),
    batchSizeBytes: z._default(bytes(1), 131_072),
    maxRequestSizeBytes: z._default(bytes(128), 1_048_576),
    bufferMemoryBytes: z._default(bytes(1024), 33_554_432),
    maxBlockMs: z._default(millisecondsSchema, 60_000),
    retries: z.optional(z.int('must be a whole number').check(z.minimum(0, 'must be 0 or more'))),
    deliveryTimeoutMs: z.optional(millisecondsSchema),
    requestTimeoutMs: z.optional(millisecondsSchema.check(z.minimum(1, 'must be 1 or more'))),
    maxInFlightRequestsPerConnection: z._default(
      z.int('must be a whole number').check(z.minimum(1, 'must be 1 or more')),
      5,
    ),
    partitioner: z._default(partitioner, 'default'),
    partitionerAdaptive: z._default(z.boolean('must be true or false'), true),
    partitionerAvailabilityTimeoutMs: z._default(millisecondsSchema, 0),
    partitionerIgnoreKeys: z._default(z.boolean('must be true or false'), false),
    interceptors: z._default(z.array(interceptor, 'must be a list'), []),
    allowAutoTopicCreation: z._default(z.boolean('must be true or false'), true),
    transactionalId: z.optional(z.string('must be a text').check(z.minLength(1, 'must not be empty'))),
    transactionTimeoutMs: z._default(millisecondsSchema.check(z.minimum(1, 'must be 1 or more')), 60_000),
  }),
)

const what = 'producer'
const defaultDeliveryTimeoutMs = 120_000

/**
 * Applies the defaults and checks the rules between options.
 * @param requestTimeoutMs the cluster's, used where the producer has none of its own
 * @param codecs the cluster's, whose levels count
 * @throws InvalidOptionError that lists all problems
 */
export function resolveProducerOptions(
  options: ProducerOptions | undefined,
  requestTimeoutMs = 30_000,
  codecs = builtInCodecs,
): ResolvedProducerOptions {
  const given = resolveOptions(schema, what, options)
  const idempotent = given.idempotent ?? given.acks === -1
  const timeoutMs = given.requestTimeoutMs ?? requestTimeoutMs
  const least = given.lingerMs + timeoutMs
  const resolved: ResolvedProducerOptions = {
    ...given,
    transactionalId: given.transactionalId,
    idempotent,
    compression: Object.freeze(given.compression),
    interceptors: Object.freeze(given.interceptors),
    requestTimeoutMs: timeoutMs,
    retries: given.retries ?? Infinity,
    deliveryTimeoutMs: given.deliveryTimeoutMs ?? Math.max(defaultDeliveryTimeoutMs, least),
  }
  const problems = contradictions(resolved, codecs)
  if (problems.length > 0) throw new InvalidOptionError(`Wrong options for ${what}`, problems)
  return Object.freeze(resolved)
}

function contradictions(options: ResolvedProducerOptions, codecs: Codecs): string[] {
  const problems: string[] = []
  const { idempotent, maxInFlightRequestsPerConnection: inFlight, lingerMs, requestTimeoutMs } = options
  if (idempotent && options.acks !== -1) {
    problems.push(`option 'idempotent' is true and 'acks' is ${options.acks}: idempotence needs acks 'all'`)
  }
  if (options.transactionalId !== undefined && !idempotent) {
    problems.push(`option 'transactionalId' is set: transactions need 'idempotent' true and acks 'all'`)
  }
  if (idempotent && inFlight > maxInFlightIdempotent) {
    problems.push(
      `option 'maxInFlightRequestsPerConnection' is ${inFlight}: must be 5 or less while 'idempotent' is true`,
    )
  }
  if (options.partitionerIgnoreKeys && options.partitioner !== 'default') {
    problems.push(`option 'partitionerIgnoreKeys' is true: only the default partitioner takes it`)
  }
  if (options.deliveryTimeoutMs < lingerMs + requestTimeoutMs) {
    problems.push(
      `option 'deliveryTimeoutMs' is ${options.deliveryTimeoutMs}: must be at least 'lingerMs' + 'requestTimeoutMs', ${lingerMs + requestTimeoutMs}`,
    )
  }
  return [...problems, ...compressionProblems(options.compression, codecs)]
}

/** Why records cannot be compressed so, one sentence a problem. */
export function compressionProblems(
  { type, level }: ResolvedProducerOptions['compression'],
  codecs: Codecs,
): string[] {
  const codec = codecs.named(type)
  const unavailable = codec?.compressionProblem?.()
  if (unavailable !== undefined) return [`option 'compression' is '${type}': ${unavailable}`]
  if (level === undefined) return []
  const levels = codec?.levels
  if (levels === undefined) return [`option 'compression.level' is ${level}: '${type}' has no levels`]
  if (level >= levels.min && level <= levels.max) return []
  return [`option 'compression.level' is ${level}: '${type}' takes ${levels.min} to ${levels.max}`]
}
