import type { KafkaError } from '../../base/errors'

/**
 * Where the member stands. One loop moves it; everything else (heartbeats, metadata, the user) leaves a wish and
 * wakes the loop, so no two rebalances and no two callbacks ever run at once (K1).
 *
 *     unjoined ──JoinGroup──> joining ──answer──> syncing ──answer, callbacks──> stable
 *        ^  ^                    │                   │                             │
 *        │  └──── retry ─────────┴───────────────────┴─── rejoin ──────────────────┤
 *        └───────────── lost: generation, member id or session ────────────────────┘
 *     any ──close──> leaving ──> ended          any ──fatal answer──> ended
 */
export type MembershipState =
  | { readonly kind: 'unjoined' }
  | { readonly kind: 'joining' }
  | { readonly kind: 'syncing' }
  | { readonly kind: 'stable' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ended'; readonly error?: KafkaError }
