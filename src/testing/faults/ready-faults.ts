import { ErrorCode, type ErrorCodeName } from '../../base/error-codes'
import { InvalidArgumentError } from '../../base/errors'
import type { BrokerApiName, BrokerRequest, BrokerResponse } from '../../wire/generated/broker/apis-by-name'
import { errorResponses } from './errors/error-responses'
import { noOffset } from './errors/error-response'
import type { Exchange } from './exchange'
import type { FaultRules, RuleOptions } from './fault-rules'

/** Which requests a ready-made rule is about. */
export interface ReadyRuleOptions<Name extends BrokerApiName> extends RuleOptions {
  /** Only requests for which this holds. Default: all. */
  readonly where?: (request: BrokerRequest<Name>) => boolean
}

/** Which partitions of Produce requests fail, and how. */
export interface FailProduceOptions extends RuleOptions {
  /** Default: all topics. */
  readonly topic?: string
  /** Default: all partitions. */
  readonly partition?: number
  readonly error: ErrorCodeName
}

type ProduceRequest = BrokerRequest<'Produce'>
type ProduceTopic = ProduceRequest['topicData'][number]
type ProduceResponse = BrokerResponse<'Produce'>

/** The faults that tests want most, in one line each. All answer with what takes the rule back. */
export class ReadyFaults {
  readonly #rules: FaultRules
  readonly #topicName: (topicId: string) => string | undefined

  /** @param topicName finds the name of a topic by its id, since newer requests have the id alone */
  constructor(rules: FaultRules, topicName: (topicId: string) => string | undefined) {
    this.#rules = rules
    this.#topicName = topicName
  }

  /** Answers with an error for all that was asked, and does none of it. */
  fail<Name extends BrokerApiName>(
    api: Name,
    error: ErrorCodeName,
    options: ReadyRuleOptions<Name> = {},
  ): () => void {
    const code = errorCode(error)
    return this.#add(api, options, (request, exchange) =>
      errorResponses[api](request, code, exchange.apiVersion),
    )
  }

  /**
   * Lets partitions of Produce requests fail; what the request holds for others is stored. With acks 0 there is no
   * answer that could say it: the connection closes, as Kafka's does.
   */
  failProduce(options: FailProduceOptions): () => void {
    const code = errorCode(options.error)
    return this.#rules.on(
      'Produce',
      (request, exchange) => this.#failProduce(request, exchange, options, code),
      options,
    )
  }

  /** Waits before it does what was asked for. */
  delay<Name extends BrokerApiName>(api: Name, ms: number, options: ReadyRuleOptions<Name> = {}): () => void {
    return this.#add(api, options, async (_, exchange) => {
      await exchange.delay(ms)
      return exchange.proceed()
    })
  }

  /** Does what was asked for and waits before it says so. */
  delayResponse<Name extends BrokerApiName>(
    api: Name,
    ms: number,
    options: ReadyRuleOptions<Name> = {},
  ): () => void {
    return this.#add(api, options, async (_, exchange) => {
      const response = await exchange.proceed()
      await exchange.delay(ms)
      return response
    })
  }

  /** Does what was asked for and never answers; nothing more is answered on the connection. */
  dropResponse<Name extends BrokerApiName>(api: Name, options: ReadyRuleOptions<Name> = {}): () => void {
    return this.#add(api, options, (_, exchange) => exchange.drop({ after: 'acting' }))
  }

  /** Does what was asked for and answers twice. */
  duplicateResponse<Name extends BrokerApiName>(api: Name, options: ReadyRuleOptions<Name> = {}): () => void {
    return this.#add(api, options, (_, exchange) => exchange.duplicate())
  }

  /** Closes the connection and does not do what was asked for. */
  closeBefore<Name extends BrokerApiName>(api: Name, options: ReadyRuleOptions<Name> = {}): () => void {
    return this.#add(api, options, (_, exchange) => exchange.close({ after: 'before' }))
  }

  /** Does what was asked for and closes the connection instead of an answer. */
  closeAfter<Name extends BrokerApiName>(api: Name, options: ReadyRuleOptions<Name> = {}): () => void {
    return this.#add(api, options, (_, exchange) => exchange.close({ after: 'acting' }))
  }

  /** Tells the client to wait, and does not read from it for as long (KIP-219). */
  throttle<Name extends BrokerApiName>(
    api: Name,
    ms: number,
    options: ReadyRuleOptions<Name> = {},
  ): () => void {
    return this.#add(api, options, async (_, exchange) => {
      const response = await exchange.proceed()
      exchange.throttle(ms)
      return response === undefined ? undefined : Object.assign({}, response, { throttleTimeMs: ms })
    })
  }

  #add<Name extends BrokerApiName>(
    api: Name,
    options: ReadyRuleOptions<Name>,
    handle: (
      request: BrokerRequest<Name>,
      exchange: Exchange<Name>,
    ) => BrokerResponse<Name> | undefined | void | Promise<BrokerResponse<Name> | undefined>,
  ): () => void {
    const { where = () => true, ...rest } = options
    return this.#rules.on(
      api,
      (request, exchange) => (where(request) ? handle(request, exchange) : undefined),
      rest,
    )
  }

  async #failProduce(
    request: ProduceRequest,
    exchange: Exchange<'Produce'>,
    { topic, partition }: FailProduceOptions,
    code: number,
  ): Promise<ProduceResponse | undefined> {
    const fails = (data: ProduceTopic, index: number): boolean =>
      (partition === undefined || partition === index) &&
      (topic === undefined || topic === (data.name || this.#topicName(data.topicId)))
    const others = withoutPartitions(request, fails)
    const count = partitionCount(others)
    if (count === partitionCount(request)) return undefined
    const real = count === 0 ? undefined : await exchange.proceed(others)
    if (request.acks !== 0) return mergeResponses(request, real, fails, code)
    exchange.close()
    return undefined
  }
}

function errorCode(name: ErrorCodeName): number {
  const code: number | undefined = ErrorCode[name]
  if (code === undefined) {
    throw new InvalidArgumentError(
      `There is no error '${name}'; the names are Kafka's, such as 'REQUEST_TIMED_OUT'`,
    )
  }
  return code
}

type Fails = (topic: ProduceTopic, index: number) => boolean

function withoutPartitions(request: ProduceRequest, fails: Fails): ProduceRequest {
  const topicData = request.topicData.map((topic) => ({
    ...topic,
    partitionData: topic.partitionData.filter(({ index }) => !fails(topic, index)),
  }))
  return { ...request, topicData: topicData.filter(({ partitionData }) => partitionData.length > 0) }
}

function partitionCount({ topicData }: ProduceRequest): number {
  return topicData.reduce((sum, { partitionData }) => sum + partitionData.length, 0)
}

/** The real answers for those that did not fail, in the order of the request. */
function mergeResponses(
  request: ProduceRequest,
  real: ProduceResponse | undefined,
  fails: Fails,
  code: number,
): ProduceResponse {
  const failed = (index: number): ProduceResponse['responses'][number]['partitionResponses'][number] => ({
    index,
    errorCode: code,
    baseOffset: noOffset,
  })
  const responses = request.topicData.map((topic) => {
    const { name, topicId } = topic
    const answers = real?.responses.find((answer) =>
      name === '' ? answer.topicId === topicId : answer.name === name,
    )
    const partitionResponses = topic.partitionData.flatMap(({ index }) => {
      if (fails(topic, index)) return [failed(index)]
      return answers?.partitionResponses.filter((answer) => answer.index === index) ?? []
    })
    return { name, topicId, partitionResponses }
  })
  return { ...real, responses }
}
