import { formatTopicPartition } from '../base/topic-partition'
import type { HandlerWatch } from '../message/handler-watch'
import type { RequestWait } from './broker-requests'
import { type Overdue, seconds } from './stall'

/** True while a handler, or the body of a loop, runs. */
export function hasRunningHandler(watch: HandlerWatch): boolean {
  for (const { handled } of watch.work()) if (handled !== undefined) return true
  return false
}

/** Handlers that have not come back in this time. */
export function* overdueHandlers(
  watch: HandlerWatch,
  limitMs: number,
  now: number,
): Iterable<Overdue<'handler'>> {
  for (const { startedAt, handled } of watch.work()) {
    const waitedMs = now - startedAt
    if (handled === undefined || waitedMs < limitMs) continue
    const { state, message } = handled
    const whose = state === undefined ? 'a handler' : `the handler of ${formatTopicPartition(state)}`
    const where = message === undefined ? '' : ` at offset ${message.offset}`
    const text = `${whose} has run for ${seconds(waitedMs)}${where}`
    const partition = state && { topic: state.topic, partition: state.partition }
    yield { kind: 'handler', waitedMs, partition, nodeId: undefined, text, lastError: undefined }
  }
}

/** The way of a member into its group, if it takes longer than that. */
export function* overdueJoin(
  {
    since,
    what,
    wait,
  }: { readonly since: number; readonly what: string; readonly wait: RequestWait | undefined },
  limitMs: number,
  now: number,
): Iterable<Overdue<'join'>> {
  const waitedMs = now - since
  if (waitedMs < limitMs) return
  const who = wait?.nodeId === undefined ? '' : ` from broker ${wait.nodeId}`
  const on = wait?.isUnderWay ? `, without an answer${who} to ${wait.api}` : ''
  const text = `${what} for ${seconds(waitedMs)}${on}`
  yield {
    kind: 'join',
    waitedMs,
    partition: undefined,
    nodeId: wait?.nodeId,
    text,
    lastError: wait?.lastError,
  }
}

/** Heartbeats without an answer, if it is missing for longer than that. */
export function* overdueHeartbeat(
  wait: RequestWait | undefined,
  limitMs: number,
  now: number,
): Iterable<Overdue<'heartbeat'>> {
  if (wait === undefined || now - wait.since < limitMs) return
  const waitedMs = now - wait.since
  const who = wait.nodeId === undefined ? 'the coordinator' : `broker ${wait.nodeId}`
  const text = `no answer from ${who} to ${wait.api} for ${seconds(waitedMs)}`
  yield {
    kind: 'heartbeat',
    waitedMs,
    partition: undefined,
    nodeId: wait.nodeId,
    text,
    lastError: wait.lastError,
  }
}
