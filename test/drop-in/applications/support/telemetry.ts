import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'

// OpenTelemetry as users set it up: a file that is loaded before all others. The exporters keep what they get.

const spans = new InMemorySpanExporter()
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
const meterProvider = new MeterProvider({ readers: [reader] })
tracerProvider.register()

/** What the hooks of the instrumentation were given. */
export const hooked: { hook: string; topic: string; value: string; name: string }[] = []

function onMessage(hook: string): (span: Span, info: { topic: string; message: { value: unknown } }) => void {
  return (span, { topic, message }) => {
    const { name } = span as Span & { name: string }
    hooked.push({ hook, topic, value: String(message.value), name })
  }
}

const instrumentation = new KafkaJsInstrumentation({
  producerHook: onMessage('producer'),
  consumerHook: onMessage('consumer'),
})
instrumentation.setTracerProvider(tracerProvider)
instrumentation.setMeterProvider(meterProvider)

/** A span, without what is another one each time. */
export interface SeenSpan {
  name: string
  kind: string
  status: string
  message?: string
  attributes: Record<string, unknown>
  /** Names of the spans that this one links to. */
  links: string[]
  /** Name of the span that this one is part of; null for the first of a trace. */
  parent: string | null
}

/** The spans that have ended since the last call, in the order of their names and offsets. */
export function takeSpans(all: ReadableSpan[] = spans.getFinishedSpans()): SeenSpan[] {
  known.push(...all)
  const seen = all.map(describeSpan)
  spans.reset()
  return seen.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

const known: ReadableSpan[] = []
let clusterId = ''

/** Tells the id that spans should have for the cluster; it is another one each time. */
export function expectCluster(id: string): void {
  clusterId = id
}

function describeAttributes({ attributes }: ReadableSpan): Record<string, unknown> {
  const key = 'messaging.kafka.cluster.id'
  return attributes[key] === clusterId ? { ...attributes, [key]: 'that of the cluster' } : { ...attributes }
}

function order({ name, parent, attributes }: SeenSpan): string {
  return JSON.stringify([
    name,
    parent,
    attributes['messaging.kafka.message.key'],
    attributes['messaging.kafka.offset'],
  ])
}

function nameOf(spanId: string | undefined): string | null {
  if (spanId === undefined) return null
  return known.find((span) => span.spanContext().spanId === spanId)?.name ?? 'a span that is not known'
}

function describeSpan(span: ReadableSpan): SeenSpan {
  const { message } = span.status
  return {
    name: span.name,
    kind: SpanKind[span.kind] ?? '',
    status: SpanStatusCode[span.status.code] ?? '',
    ...(message === undefined ? {} : { message }),
    attributes: describeAttributes(span),
    links: span.links.map((link) => nameOf(link.context.spanId) ?? ''),
    parent: nameOf(span.parentSpanContext?.spanId),
  }
}

/** Runs `body` in a span of the program's own. */
export async function inSpan<Result>(name: string, body: () => Promise<Result>): Promise<Result> {
  const span = trace.getTracer('program').startSpan(name)
  try {
    return await context.with(trace.setSpan(context.active(), span), body)
  } finally {
    span.end()
  }
}

/** The name of the span that is active. */
export function activeSpan(): string | null {
  const span = trace.getSpan(context.active()) as (Span & { name?: string }) | undefined
  return span?.name ?? null
}

/** One line of a metric: its attributes, and the sum of a counter or the count of a histogram. */
export interface SeenPoint {
  attributes: Record<string, unknown>
  count: number
}

/** All metrics as they stand, by their names. */
export async function readMetrics(): Promise<Map<string, SeenPoint[]>> {
  metrics.reset()
  await reader.forceFlush()
  const scopes = metrics.getMetrics().flatMap((resource) => resource.scopeMetrics)
  return new Map(
    scopes
      .flatMap((scope) => scope.metrics)
      .map(({ descriptor, dataPoints }) => [
        descriptor.name,
        (dataPoints as DataPoint<number | Histogram>[]).map(({ attributes, value }) => ({
          attributes,
          count: typeof value === 'number' ? value : value.count,
        })),
      ]),
  )
}

/** Ends all exports. */
export async function endTelemetry(): Promise<void> {
  instrumentation.disable()
  await tracerProvider.shutdown()
  await meterProvider.shutdown()
}
