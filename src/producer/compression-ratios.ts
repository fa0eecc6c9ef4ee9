import { batchHeaderBytes } from '../wire/records/batch-layout'
import type { BatchCodec } from '../wire/records/compression/codec'
import type { ResolvedProducerOptions } from './producer-options'

/** One batch makes an estimate worse by this at least, and better by this at most (Java's CompressionRatioEstimator). */
const deteriorationStep = 0.05
const improvementStep = 0.005
/** Batches differ: compressed sizes are taken for larger than estimated. */
const safetyFactor = 1.05
/** No batch takes more than this share of the buffer memory, however well it compresses. */
const shareOfMemory = 1 / 16

type SizeOptions = Pick<
  ResolvedProducerOptions,
  'batchSizeBytes' | 'maxRequestSizeBytes' | 'bufferMemoryBytes'
>

/**
 * How well the batches of one topic and codec compress, by those that were compressed so far, and therefore how much a
 * batch takes. It learns from the size of a batch that is wrong for the next: a batch is never compressed twice.
 */
export class CompressionRatio {
  readonly #options: SizeOptions
  readonly #leastBytes: number
  readonly #mostBytes: number
  #estimate = 1
  #fullBytes: number

  constructor(options: SizeOptions) {
    const { batchSizeBytes, maxRequestSizeBytes, bufferMemoryBytes } = options
    this.#options = options
    this.#leastBytes = Math.min(batchSizeBytes, maxRequestSizeBytes)
    // A batch that can't be compressed is sent as it is, so that even then it has to fit into a request.
    const most = Math.min(maxRequestSizeBytes, Math.floor(bufferMemoryBytes * shareOfMemory))
    this.#mostBytes = Math.max(most, this.#leastBytes)
    this.#fullBytes = this.#leastBytes
  }

  /** Compressed bytes of records by uncompressed ones, as expected of the next batch; 1 before any is known. */
  get estimate(): number {
    return this.#estimate
  }

  /**
   * Uncompressed bytes, header included, at which a batch is full: about `batchSizeBytes` are left of them. Never less
   * than without compression, never more than a request takes.
   */
  get fullBytes(): number {
    return this.#fullBytes
  }

  /** The records of a batch were compressed. */
  learn(uncompressedBytes: number, compressedBytes: number): void {
    // Small batches compress worse than those whose size is in question.
    if (uncompressedBytes * 2 < this.#leastBytes) return
    const observed = compressedBytes / uncompressedBytes
    const estimate = this.#estimate
    if (observed > estimate) this.#set(Math.max(estimate + deteriorationStep, observed))
    else this.#set(Math.max(estimate - improvementStep, observed))
  }

  /** A broker found a batch too large: the next ones are not made larger than without compression. */
  distrust(): void {
    this.#set(1)
  }

  #set(estimate: number): void {
    this.#estimate = estimate
    const records = this.#options.batchSizeBytes - batchHeaderBytes
    const full = batchHeaderBytes + Math.floor(records / (estimate * safetyFactor))
    this.#fullBytes = Math.min(Math.max(full, this.#leastBytes), this.#mostBytes)
  }
}

/** The ratios of one producer, a topic and codec each. */
export class CompressionRatios {
  readonly #options: SizeOptions
  readonly #uncompressed: CompressionRatio
  readonly #byTopic = new Map<string, Map<BatchCodec, CompressionRatio>>()

  constructor(options: SizeOptions) {
    this.#options = options
    this.#uncompressed = new CompressionRatio(options)
  }

  /** What is known for batches of this topic and codec; without a codec it never changes. */
  of(topic: string, codec: BatchCodec | undefined): CompressionRatio {
    if (codec === undefined) return this.#uncompressed
    let ofTopic = this.#byTopic.get(topic)
    if (ofTopic === undefined) this.#byTopic.set(topic, (ofTopic = new Map()))
    let ratio = ofTopic.get(codec)
    if (ratio === undefined) ofTopic.set(codec, (ratio = new CompressionRatio(this.#options)))
    return ratio
  }
}
