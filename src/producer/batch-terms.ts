import * as z from 'zod/mini'
import { InvalidOptionError } from '../base/errors'
import { resolveOptions } from '../base/options'
import type { BatchCodec } from '../wire/records/compression/codec'
import type { Codecs } from '../wire/records/compression/codecs'
import type { SendOptions } from './outgoing-message'
import {
  compressionProblems,
  compressionSchema,
  millisecondsSchema,
  type ResolvedProducerOptions,
} from './producer-options'

/** What a call of `send` asks of the batches that carry its messages. Compared by identity. */
export interface BatchTerms {
  /** Undefined: not compressed. */
  readonly codec: BatchCodec | undefined
  readonly level: number | undefined
  /** Milliseconds that the leader may wait for the other replicas. */
  readonly acknowledgementTimeoutMs: number
}

const schema = z.lazy(() =>
  z.strictObject({
    compression: compressionSchema,
    acknowledgementTimeoutMs: millisecondsSchema.check(z.minimum(1, 'must be 1 or more')),
  }),
)

/** When there are more, terms are made anew: who asks for so many different ones has no batches to share. */
const maxKept = 64

/**
 * Gives calls that ask for the same the same object, so that a message is compared with an open batch by one look.
 * Calls that ask for nothing get the producer's own.
 */
export class BatchTermsTable {
  /** Those of calls that ask for nothing. */
  readonly standard: BatchTerms
  readonly #options: Pick<ResolvedProducerOptions, 'compression' | 'requestTimeoutMs'>
  readonly #codecs: Codecs
  readonly #kept = new Map<string, BatchTerms>()

  constructor(options: Pick<ResolvedProducerOptions, 'compression' | 'requestTimeoutMs'>, codecs: Codecs) {
    this.#options = options
    this.#codecs = codecs
    this.standard = this.#get(options.compression, options.requestTimeoutMs)
  }

  /** @throws InvalidOptionError when a call asks for what cannot be */
  of({ compression, acknowledgementTimeoutMs }: SendOptions): BatchTerms {
    if (compression === undefined && acknowledgementTimeoutMs === undefined) return this.standard
    return this.#get(
      compression === undefined ? this.#options.compression : compression,
      acknowledgementTimeoutMs ?? this.#options.requestTimeoutMs,
    )
  }

  #get(compression: NonNullable<SendOptions['compression']>, acknowledgementTimeoutMs: number): BatchTerms {
    const given = typeof compression === 'object' ? compression : { type: compression, level: undefined }
    const key = `${given?.type} ${given?.level} ${acknowledgementTimeoutMs}`
    let terms = this.#kept.get(key)
    if (terms === undefined) {
      terms = this.#make({ compression, acknowledgementTimeoutMs })
      if (this.#kept.size >= maxKept) this.#kept.clear()
      this.#kept.set(key, terms)
    }
    return terms
  }

  #make(given: Required<Pick<SendOptions, 'compression' | 'acknowledgementTimeoutMs'>>): BatchTerms {
    const { compression, acknowledgementTimeoutMs } = resolveOptions(schema, 'send', given)
    const problems = compressionProblems(compression, this.#codecs)
    if (problems.length > 0) throw new InvalidOptionError('Wrong options for send', problems)
    const { type, level } = compression
    // A broker that waits longer than we do would answer nobody.
    const timeoutMs = Math.min(acknowledgementTimeoutMs, this.#options.requestTimeoutMs)
    return Object.freeze({ codec: this.#codecs.named(type), level, acknowledgementTimeoutMs: timeoutMs })
  }
}
