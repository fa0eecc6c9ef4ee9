import type { ClassicMemberSpec } from './classic-member'

/**
 * ```
 *            first member           all joined, or time over        leader's assignment
 *   Empty ──────────────▶ PreparingRebalance ──────────▶ CompletingRebalance ──────────▶ Stable
 *     ▲                     │        ▲                            │                        │
 *     └── nobody joined ────┘        └──── join, leave, failure ──┴────────────────────────┘
 *
 *   Dead: deleted, or its coordinator is gone
 * ```
 */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/**
 * A group as it stands in `__consumer_offsets`: what the next coordinator knows. It is written when the leader's
 * assignment came, when a static member got another id and when the group became empty, so joins that were not
 * completed are lost with their coordinator.
 */
export interface ClassicSnapshot {
  readonly generationId: number
  readonly protocolType: string
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly members: readonly ClassicMemberSpec[]
  /** Wall time at which the group came into its state. */
  readonly stateSince: number
}
