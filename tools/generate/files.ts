import { banner, emitApiModule, emitDataModule } from './emit-module'
import type { Message } from './model'
import { apiName, camelCase, kebabCase } from './names'
import { resolveMessage } from './resolve'
import type { MessageDefinition } from './schema'

/** All generated files, unformatted: path below the output folder and text. */
export function emitFiles(definitions: readonly MessageDefinition[], source: string): Map<string, string> {
  const files = new Map<string, string>()
  const messages = definitions.flatMap((definition) => resolveMessage(definition) ?? [])
  const requests = messages.filter(isBrokerRequest).sort((a, b) => Number(a.apiKey) - Number(b.apiKey))
  const responses = new Map(messages.filter((m) => m.type === 'response').map((m) => [m.apiKey, m]))
  files.set('api-keys.ts', banner(source) + emitApiKeys(definitions))
  for (const side of ['client', 'broker'] as const) {
    for (const request of requests) {
      const response = responses.get(request.apiKey)
      if (response === undefined) throw new Error(`${request.name} has no response`)
      const file = `${side}/${kebabCase(apiName(request.name))}.ts`
      files.set(file, emitApiModule(side, request, response, source))
    }
    files.set(`${side}/all-apis.ts`, banner(source) + emitRegistry(side, requests))
  }
  files.set('broker/apis-by-name.ts', banner(source) + emitNamedApis(requests))
  const data = messages.filter((message) => message.type === 'header' || message.type === 'data')
  for (const message of data) files.set(`data/${kebabCase(message.name)}.ts`, emitDataModule(message, source))
  files.set('data/all-codecs.ts', banner(source) + emitDataRegistry(data))
  return files
}

function isBrokerRequest(message: Message): boolean {
  return message.type === 'request' && message.listeners.includes('broker')
}

function emitApiKeys(definitions: readonly MessageDefinition[]): string {
  const requests = definitions.filter(({ type }) => type === 'request')
  const keys = requests.map(({ apiKey, name }) => [Number(apiKey), apiName(name)] as const)
  const lines = keys.sort(([a], [b]) => a - b).map(([key, name]) => `${name}: ${key},`)
  return `/** Kafka's numbers of all its APIs, retired ones and those between controllers included. */
export const ApiKey = {\n${lines.join('\n')}\n} as const\n`
}

function emitRegistry(side: 'client' | 'broker', requests: readonly Message[]): string {
  const names = requests.map(({ name }) => apiName(name))
  const imports = names.map((name) => `import { ${camelCase(name)}Api } from './${kebabCase(name)}'`)
  const type = side === 'client' ? 'ClientApi' : 'BrokerApi'
  const element = side === 'client' ? 'ClientApi<never, unknown>' : 'BrokerApi<unknown, never>'
  return `import type { ${type} } from '../../api'
${imports.join('\n')}

/** Every API of the broker listener, the ${side}'s half, ordered by key. */
export const ${side}Apis: readonly ${element}[] = [\n${names.map((name) => `${camelCase(name)}Api,`).join('\n')}\n]\n`
}

/** The broker's halves by Kafka's names, with the types that a name stands for. */
function emitNamedApis(requests: readonly Message[]): string {
  const names = requests.map(({ name }) => apiName(name))
  const imports = names.map((name) => `import { ${camelCase(name)}Api } from './${kebabCase(name)}'`)
  return `import type { BrokerApi } from '../../api'
${imports.join('\n')}

/** Every API of the broker listener, the broker's half, by Kafka's name of it. */
export const brokerApis = {\n${names.map((name) => `${name}: ${camelCase(name)}Api,`).join('\n')}\n} as const

/** Kafka's name of an API of the broker listener, such as \`Produce\`. */
export type BrokerApiName = keyof typeof brokerApis

/** The request of an API, as a broker reads it. */
export type BrokerRequest<Name extends BrokerApiName> =
  (typeof brokerApis)[Name] extends BrokerApi<infer Request, infer _> ? Request : never

/** The response of an API, as a broker writes it. */
export type BrokerResponse<Name extends BrokerApiName> =
  (typeof brokerApis)[Name] extends BrokerApi<infer _, infer Response> ? Response : never\n`
}

function emitDataRegistry(messages: readonly Message[]): string {
  const imports = messages.map(({ name }) => `import { ${camelCase(name)}Codec } from './${kebabCase(name)}'`)
  return `import type { DataCodec } from '../../api'
${imports.join('\n')}

/** Both headers and every message that stands inside other messages or records. */
export const dataCodecs: readonly DataCodec<never, unknown>[] = [
${messages.map(({ name }) => `${camelCase(name)}Codec,`).join('\n')}\n]\n`
}
