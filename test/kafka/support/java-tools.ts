import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { classArchiveFlags } from './class-archive'
import { javaFlags } from './kafka-node'
import { kafkaClassPath, type KafkaVersion } from './kafka-versions'

// Kafka's own programs and small ones written against its Java client: the independent check that others read what
// this package writes, and that it reads what others write.

/** How a Java program is run. */
export interface JavaRunOptions {
  /** Text for its standard input, which is then closed. */
  stdin?: string | Uint8Array
  /** Default 60 000. When it has passed, the program is killed and the call fails. */
  timeoutMs?: number
  /** Let an exit code other than 0 pass as well. */
  anyExitCode?: boolean
}

/** A Java program that runs until it is stopped. */
export interface RunningJavaProgram {
  /** The lines of its standard output; every line is read once. */
  lines: AsyncIterableIterator<string>
  /** Writes a line to its standard input. */
  writeLine(line: string): void
  /** Settles with its exit code. */
  exited: Promise<number>
  /** What it has written to its standard error. */
  errorOutput(): string
  /** Ends it (default SIGTERM) and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Runs one of Kafka's command-line tools by its main class and returns its standard output.
 * @param mainClass such as `org.apache.kafka.tools.TopicCommand`
 */
export async function runKafkaTool(
  version: KafkaVersion,
  mainClass: string,
  args: readonly string[],
  options: JavaRunOptions = {},
): Promise<string> {
  return runToEnd(await spawnJava(version, [mainClass, ...args]), mainClass, options)
}

/**
 * Compiles and runs a single-file Java program against Kafka's client and returns its standard output.
 * @param source path from the project's folder, such as `tools/java/LogAudit.java`
 */
export async function runJavaProgram(
  version: KafkaVersion,
  source: string,
  args: readonly string[] = [],
  options: JavaRunOptions = {},
): Promise<string> {
  return runToEnd(await spawnJava(version, [source, ...args]), source, options)
}

/** Starts a single-file Java program, or a tool by its main class, and lets it run. It ends with the test run at the latest. */
export async function startJavaProgram(
  version: KafkaVersion,
  sourceOrMainClass: string,
  args: readonly string[] = [],
): Promise<RunningJavaProgram> {
  const child = await spawnJava(version, [sourceOrMainClass, ...args])
  const { stdin, stdout } = streamsOf(child)
  const errorOutput = collect(child.stderr)
  const exited = once(child, 'exit').then(([code]) => Number(code ?? 137))
  return {
    lines: createInterface({ input: stdout })[Symbol.asyncIterator](),
    writeLine: (line) => void stdin.write(`${line}\n`),
    exited,
    errorOutput,
    stop: async (signal = 'SIGTERM') => {
      if (child.connected) child.send(signal)
      await exited
    },
  }
}

/** Main classes of the console tools and the names of their options. */
export interface ConsoleTools {
  producer: string
  /** Takes `parse.key=true`, `key.separator=:`, … */
  producerProperty: string
  /** Takes a configuration of the producer itself, such as `acks=all`. */
  producerConfig: string
  consumer: string
  /** Takes `print.key=true`, `print.headers=true`, … */
  consumerProperty: string
  /** Takes a configuration of the consumer itself, such as `security.protocol=SSL`. */
  consumerConfig: string
}

/** The console tools of a version: 4.x moved them to another package and renamed their options. */
export function consoleTools(version: KafkaVersion): ConsoleTools {
  if (version.startsWith('3.')) {
    return {
      producer: 'kafka.tools.ConsoleProducer',
      producerProperty: '--property',
      producerConfig: '--producer-property',
      consumer: 'kafka.tools.ConsoleConsumer',
      consumerProperty: '--property',
      consumerConfig: '--consumer-property',
    }
  }
  return {
    producer: 'org.apache.kafka.tools.ConsoleProducer',
    producerProperty: '--reader-property',
    producerConfig: '--command-property',
    consumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
    consumerProperty: '--formatter-property',
    consumerConfig: '--command-property',
  }
}

/** Main class of `kafka-consumer-groups`; 4.x moved it. */
export function consumerGroupsTool(version: KafkaVersion): string {
  return version.startsWith('3.')
    ? 'kafka.admin.ConsumerGroupCommand'
    : 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
}

async function spawnJava(version: KafkaVersion, args: readonly string[]): Promise<ChildProcess> {
  const classPath = await kafkaClassPath(version)
  const flags = [...javaFlags(512), ...(await classArchiveFlags(version))]
  return fork(
    join(process.cwd(), 'test/kafka/support/process-guard.mjs'),
    ['java', ...flags, '-cp', classPath, ...args],
    { execArgv: [], stdio: ['pipe', 'pipe', 'pipe', 'ipc'] },
  )
}

async function runToEnd(child: ChildProcess, name: string, options: JavaRunOptions): Promise<string> {
  const { timeoutMs = 60_000, stdin = '', anyExitCode = false } = options
  const streams = streamsOf(child)
  const output = collect(streams.stdout)
  const errorOutput = collect(child.stderr)
  streams.stdin.end(stdin)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    if (child.connected) child.send('SIGKILL')
  }, timeoutMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  if (timedOut || (code !== 0 && !anyExitCode)) {
    const how = timedOut ? `did not end within ${timeoutMs} ms` : `ended with code ${code}`
    throw new Error(`${name} ${how}.\n${errorOutput()}\nIts output began with: ${output().slice(0, 1_000)}`)
  }
  return output()
}

function streamsOf(child: ChildProcess): { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream } {
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('The program was started without its streams')
  // A program that ends before it has read everything is judged by its exit code.
  stdin.on('error', () => {})
  return { stdin, stdout }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}
