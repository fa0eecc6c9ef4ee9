/** What a serializer gives: text is written as UTF-8, bytes are copied, null is Kafka's null. */
export type Serialized = string | Uint8Array | null

/**
 * Turns values of one type into bytes and back. `Input` is what `send` takes, `Output` what a consumer gets; they
 * differ where a schema transforms.
 *
 * Both directions are synchronous and throw whatever they like: the client wraps it in a SerializationError that
 * names topic, partition, offset and which part of the message it was.
 */
export interface Serde<Output, Input = Output> {
  /** For error messages, such as `json`. */
  readonly name: string
  serialize(value: Input): Serialized
  /** Reads `buffer[start, end)`, in place: no intermediate buffer is made. */
  deserialize(buffer: Buffer, start: number, end: number): Output
  /** What null bytes mean. Where it is missing, null is refused: wrap the serde in `nullable()`. */
  deserializeNull?(): Output
}

/** The type a serde's `send` side takes. */
export type SerdeInput<S> = S extends Serde<unknown, infer Input> ? Input : never

/** The type a serde's consumer side gives. */
export type SerdeOutput<S> = S extends Serde<infer Output, never> ? Output : never
