/** The broker that an exchange authenticates with. */
export interface SaslContext {
  readonly host: string
  readonly port: number
}

/**
 * One way to prove who we are. PLAIN and SCRAM come with the client; any other mechanism that works by messages from
 * both sides can be given as the option `sasl`.
 */
export interface SaslMechanism {
  /** The name brokers know it by, such as `SCRAM-SHA-256`. */
  readonly name: string
  /** What to check when a broker refuses it, as its error says. Default: `user name and password`. */
  readonly toCheck?: string
  /** Starts a new exchange: once for each connection and each re-authentication. */
  start(context: SaslContext): SaslExchange
}

/** The messages of one authentication. */
export interface SaslExchange {
  /** What the client says first. */
  first(): Uint8Array | Promise<Uint8Array>
  /**
   * Answers the broker's message; undefined when nothing is left to say. Throws AuthenticationError when the broker
   * failed to prove that it knows us.
   */
  next(challenge: Buffer): Uint8Array | undefined | Promise<Uint8Array | undefined>
}
