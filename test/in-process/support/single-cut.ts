import type { TestClientOptions, TestCluster } from '../../../src/testing'

export type CutDirection = 'toBroker' | 'toClient'

/**
 * Cuts a client's connections once, after a number of bytes one way: the first connection that is made after that
 * finds the network whole again.
 */
export class SingleCut {
  readonly #broker: TestCluster
  #isArmed = false

  constructor(broker: TestCluster) {
    this.#broker = broker
  }

  /** What the client whose connections are cut is made with. */
  clientOptions(): TestClientOptions {
    const options = this.#broker.clientOptions()
    const connect = options.openSocket
    if (connect === undefined) throw new Error('The broker must be on a network in memory')
    return {
      ...options,
      openSocket: (target, listener) => {
        this.disarm()
        return connect(target, listener)
      },
    }
  }

  /** Connections end after so many more bytes. */
  arm(direction: CutDirection, cutAfterBytes: number): void {
    this.#isArmed = true
    this.#broker.shapeConnections({ [direction]: { cutAfterBytes } })
  }

  /** Makes the network whole; answers whether nothing had been cut yet. */
  disarm(): boolean {
    const wasArmed = this.#isArmed
    this.#isArmed = false
    if (wasArmed) this.#broker.shapeConnections(undefined)
    return wasArmed
  }
}

/**
 * Runs an exchange with a cut after each of its bytes, until it ends before the cut.
 * @returns how many cuts there were
 */
export async function cutAtEachByte(
  cut: SingleCut,
  direction: CutDirection,
  exchange: (arm: () => void) => Promise<void>,
): Promise<number> {
  for (let bytes = 0; ; bytes++) {
    await exchange(() => cut.arm(direction, bytes))
    if (cut.disarm()) return bytes
  }
}
