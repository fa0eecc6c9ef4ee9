/** How bytes go one way. */
export interface DirectionShape {
  /** They come no faster than this. */
  readonly bytesPerSecond?: number
  /** They come so much later. */
  readonly latencyMs?: number
  /** They come in portions of at most so many; 1 splits at every byte. */
  readonly splitAtBytes?: number
  /** The connection breaks after so many. */
  readonly cutAfterBytes?: number
  /** True for the bytes to be turned over, by how many came before them on the connection since the shape was set. */
  readonly corrupt?: (offset: number) => boolean
}

/** How bytes go both ways. */
export interface LinkShape {
  readonly toBroker?: DirectionShape
  readonly toClient?: DirectionShape
}

/** Nothing special. */
export const plainDirection: DirectionShape = {}
