import { ClusterAdmin } from './cluster-admin'

/**
 * Manages topics, configs, groups, offsets, records and access of a cluster. Made by `kafka.admin()`; connects on
 * first use.
 *
 * Calls over several items give one result per item, in the order of the request. By default a call resolves only
 * when every item succeeded, and otherwise rejects with an AdminError, whose `results` tell how each item ended: who
 * ignores the result does not miss a failure. With `{ partial: true }` the call resolves with those results itself:
 * an item's `error` is null or the reason.
 */
export class Admin extends ClusterAdmin {}
