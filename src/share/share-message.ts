import { InvalidArgumentError, type KafkaError } from '../base/errors'
import { inspectCustom } from '../base/inspect-custom'
import { Message, type MessageSource } from '../message/message'
import type { MessageOf, TopicInput } from '../message/topic-input'
import type { Topic } from '../serde/topic'
import type { RecordCursor } from '../wire/records/record-cursor'
import { acknowledgeCode, type AcknowledgeCode, type AcknowledgeType } from './acknowledge-type'
import type { AcquiredRecords, RenewableMessage } from './acquired-records'

/** Reasons why a message can't be acknowledged by hand. */
export interface AcknowledgementRules {
  /** True with `acknowledgementMode: 'explicit'`. */
  readonly isExplicit: boolean
}

/**
 * One message of a share group. It is locked for this member until it is acknowledged or the group's lock duration is
 * over; then it can be delivered again, to any member.
 */
export class ShareMessage<Key = unknown, Value = unknown>
  extends Message<Key, Value>
  implements RenewableMessage
{
  /** How often the message was delivered, this time included; 1 for the first. The group gives up at its limit. */
  readonly deliveryCount: number
  readonly #rules: AcknowledgementRules
  #records: AcquiredRecords
  #position: number
  /** What was said last. */
  #said: AcknowledgeCode | undefined
  #isRenewalOpen = false
  #onRenewal: (() => void) | undefined

  /** @internal */
  constructor(
    source: MessageSource,
    cursor: RecordCursor,
    records: AcquiredRecords,
    position: number,
    deliveryCount: number,
    rules: AcknowledgementRules,
  ) {
    super(source, cursor)
    this.deliveryCount = deliveryCount
    this.#rules = rules
    this.#records = records
    this.#position = position
  }

  /**
   * Says what is to become of the message, with `acknowledgementMode: 'explicit'`. It is sent soon, or by `commit`;
   * the outcome is told by `commit` and `onAcknowledged`, never thrown here. Before it was sent it can be changed.
   *
   * Throws InvalidArgumentError with acknowledgement mode `implicit`, for an unknown type, and for a message that was
   * acknowledged before.
   */
  acknowledge(type: AcknowledgeType = 'accept'): void {
    if (!this.#rules.isExplicit) {
      throw new InvalidArgumentError(
        "acknowledge: this consumer acknowledges by itself; make it with acknowledgementMode 'explicit' to do it by hand",
      )
    }
    const code = Object.hasOwn(acknowledgeCode, type) ? acknowledgeCode[type] : undefined
    if (code === undefined) {
      throw new InvalidArgumentError(
        `acknowledge: the type is '${String(type)}'; it must be 'accept', 'release', 'reject' or 'renew'`,
      )
    }
    this.say(code)
  }

  /** Tells messages of several topics apart, and gives key and value that topic's types. */
  override isFrom<K, V>(topic: Topic<K, V, never, never>): this is ShareMessage<K, V> {
    return super.isFrom(topic)
  }

  /** @internal counted from the base of `records` */
  get position(): number {
    return this.#position
  }

  /** @internal under which locks it is held */
  get records(): AcquiredRecords {
    return this.#records
  }

  /** @internal why it is not held any more, or not under the lock with which it was handed out */
  get loss(): KafkaError | undefined {
    return this.#records.lossOf(this.#position)
  }

  /** @internal what was said last */
  get said(): AcknowledgeCode | undefined {
    return this.#said
  }

  /** @internal nothing final was said of it, and it is held */
  get isUndecided(): boolean {
    return (this.#said === undefined || this.#said === acknowledgeCode.renew) && this.loss === undefined
  }

  /** @internal */
  say(code: AcknowledgeCode): void {
    if (!this.#records.acknowledge(this, code)) return
    this.#said = code
    this.#isRenewalOpen = code === acknowledgeCode.renew && this.loss === undefined
  }

  /** @internal nothing was said of it: it is handed out anew */
  unsay(): void {
    this.#said = undefined
  }

  /** @internal a renewal was answered: what it is held under from now on, or was until now */
  moveTo(records: AcquiredRecords, position: number): void {
    this.#records = records
    this.#position = position
    this.#isRenewalOpen = false
    const onRenewal = this.#onRenewal
    this.#onRenewal = undefined
    onRenewal?.()
  }

  /** @internal calls back once no renewal is waiting for its answer, perhaps at once */
  whenRenewed(callback: () => void): void {
    if (!this.#isRenewalOpen || this.loss !== undefined) callback()
    else this.#onRenewal = callback
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), deliveryCount: this.deliveryCount }
  }

  override [inspectCustom](depth: number, options: object): string {
    return `Share${super[inspectCustom](depth, options)} delivered ${this.deliveryCount}×`
  }
}

/** The messages of these topics, each typed by its topic's definition. */
export type ShareMessageOf<Topics extends readonly TopicInput[]> =
  MessageOf<Topics> extends infer M
    ? M extends Message<infer Key, infer Value>
      ? ShareMessage<Key, Value>
      : never
    : never
