import type { Logger } from '../../../src'

/** What a message was saved as; which of it is given depends on the step. */
export interface Saved {
  readonly topic: string
  readonly partition?: number
  readonly offset: string | bigint
  readonly value?: string | undefined
}

/** What the programs of a guide are run with. */
export interface StepTools {
  readonly brokers: string[]
  /** Where handlers write to. */
  readonly save: (message: Saved) => Promise<void>
  /** A handler that fails for good at the value `bad`. */
  readonly handle: (value: string | null | undefined) => Promise<void>
  /** Resolves when what the step expects is there. */
  readonly until: () => Promise<void>
  /** Fires at that time; ends what runs until then. */
  readonly signal: AbortSignal
  readonly log: (...parts: unknown[]) => void
  readonly logger: Logger
}

export type Step = (tools: StepTools) => Promise<void>
