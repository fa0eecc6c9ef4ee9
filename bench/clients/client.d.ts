/**
 * What every client in this folder exports as `open`: it imports nothing of the client before it is called, so that the
 * import can be measured.
 */
export type Open = (options: ClientOptions) => Promise<BenchClient>

export interface ClientOptions {
  /** Where the built client lies; for typed-kafka only, so that several states of it can be compared. */
  readonly module?: string
  /** Whether typed-kafka may take the native checksum that a peer brings along. */
  readonly nativeChecksum?: boolean
}

/** A client of Kafka behind the few calls that the workloads need, each in the client's own recommended way. */
export interface BenchClient {
  /** Whether values are text: the client can't carry bytes. */
  readonly textValues?: boolean
  /** A message as the client's `send` takes it; made for each message anew, as users do. */
  message(topic: string, key: string, value: Buffer | string): object
  /** Acks all. */
  openProducer(target: {
    brokers: string[]
    topic: string
    compression?: string
    /** Latency counts, not throughput: a client that waits for more messages by default is told not to. */
    prompt?: boolean
  }): Promise<{
    /** Resolves when all of them are acknowledged. */
    send(messages: object[]): Promise<unknown>
    close(): Promise<unknown>
  }>
  /** A new member of the group, from the beginning of the topic; commits as the client does when it isn't told. */
  consume(reading: {
    brokers: string[]
    topic: string
    groupId: string
    shape: 'batches' | 'each' | 'iterate'
    /** Called with the value of every message, in the client's handler. */
    onValue(value: Buffer | string): void
  }): Promise<() => Promise<unknown>>
}
