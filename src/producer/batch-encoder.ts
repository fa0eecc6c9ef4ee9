import { KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import { batchHeaderBytes } from '../wire/records/batch-layout'
import type { ProducerBatch } from './producer-batch'
import type { ResolvedProducerOptions } from './producer-options'

/**
 * Brings a batch into the form in which it is sent: compresses it once, seals it once, and stamps it again when a
 * retry goes out under another identity.
 */
export class BatchEncoder {
  readonly #logger: Logger
  readonly #isTransactional: boolean
  readonly #onCompressed: (batch: ProducerBatch) => void

  /** @param onCompressed is called when a batch that was `compressing` may be sealed */
  constructor(
    { transactionalId }: Pick<ResolvedProducerOptions, 'transactionalId'>,
    logger: Logger,
    onCompressed: (batch: ProducerBatch) => void,
  ) {
    this.#isTransactional = transactionalId !== undefined
    this.#logger = logger
    this.#onCompressed = onCompressed
  }

  /** Closes the batch and compresses it; answers whether it can be sealed at once. */
  prepare(batch: ProducerBatch): boolean {
    if (batch.stage === 'compressing' || batch.stage === 'done') return false
    if (batch.stage === 'sealed') return true
    batch.stage = 'closed'
    const { codec, level } = batch.terms
    if (codec === undefined || batch.compressed !== undefined) return true
    const { type } = codec
    try {
      const bytes = codec.compressAsync(batch.builder.records, level)
      if (bytes instanceof Uint8Array) {
        this.#keep(batch, type, bytes)
        return true
      }
      batch.stage = 'compressing'
      bytes.then(
        (compressed) => this.#compressed(batch, type, compressed),
        (error: unknown) => this.#gaveUp(batch, error),
      )
      return false
    } catch (error) {
      this.#leaveUncompressed(batch, error)
      return true
    }
  }

  /** Writes header and checksum with the batch's place in the sequence; only while it is not in flight. */
  seal(batch: ProducerBatch): void {
    const { compressed } = batch
    const stamp = {
      producerId: batch.identity?.producerId ?? -1n,
      producerEpoch: batch.identity?.producerEpoch ?? -1,
      baseSequence: batch.baseSequence,
      isTransactional: this.#isTransactional,
      compressed: compressed?.type === 0 ? undefined : compressed,
    }
    if (batch.sealed === undefined) {
      batch.sealed = batch.builder.seal(stamp)
      batch.stage = 'sealed'
    } else if (batch.identity !== batch.stampedAs || batch.baseSequence !== batch.stampedSequence) {
      batch.sealed.restamp(stamp)
    }
    batch.stampedAs = batch.identity
    batch.stampedSequence = batch.baseSequence
  }

  #compressed(batch: ProducerBatch, type: number, bytes: Uint8Array): void {
    this.#keep(batch, type, bytes)
    this.#ready(batch)
  }

  #keep(batch: ProducerBatch, type: number, bytes: Uint8Array): void {
    batch.compressed = { type, bytes }
    batch.ratio.learn(batch.builder.byteLength - batchHeaderBytes, bytes.length)
  }

  #gaveUp(batch: ProducerBatch, error: unknown): void {
    this.#leaveUncompressed(batch, error)
    this.#ready(batch)
  }

  #ready(batch: ProducerBatch): void {
    // It may have outlived its delivery timeout meanwhile.
    if (batch.stage !== 'compressing') return
    batch.stage = 'closed'
    this.#onCompressed(batch)
  }

  /** A batch that can't be compressed is still delivered. */
  #leaveUncompressed(batch: ProducerBatch, error: unknown): void {
    batch.compressed = { type: 0, bytes: batch.builder.records }
    const { topic, partition } = batch.queue
    const reason = KafkaError.from(error, 'Compression failed').message
    this.#logger.warn('A batch is sent uncompressed', { topic, partition, reason })
  }
}
