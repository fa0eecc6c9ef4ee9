import { fail } from '../kafka-failure'
import type { ConfigDefinition, ConfigType } from './config-definition'

/**
 * Checks one value by its type and by the config's own rule, and answers it as Kafka would write it.
 * @throws INVALID_CONFIG with Kafka's words
 */
export function checkedValue(definition: ConfigDefinition, value: string): string {
  const trimmed = definition.type === 'PASSWORD' ? value : value.trim()
  checkType(definition, trimmed)
  checkRule(definition, trimmed)
  if (definition.type === 'BOOLEAN') return trimmed.toLowerCase()
  return definition.type === 'LIST' ? listOf(trimmed).join(',') : trimmed
}

/** The items of a list config. */
export function listOf(value: string): string[] {
  return value.trim() === '' ? [] : value.trim().split(/\s*,\s*/)
}

const ranges: Partial<Record<ConfigType, readonly [bigint, bigint]>> = {
  SHORT: [-(2n ** 15n), 2n ** 15n - 1n],
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
}

function checkType(definition: ConfigDefinition, value: string): void {
  const range = ranges[definition.type]
  if (range !== undefined) {
    const number = /^[+-]?\d+$/.test(value) ? BigInt(value.replace('+', '')) : undefined
    if (number === undefined || number < range[0] || number > range[1]) {
      throw invalid(definition, value, `Not a number of type ${definition.type}`)
    }
  } else if (definition.type === 'DOUBLE' && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(value)) {
    throw invalid(definition, value, 'Not a number of type DOUBLE')
  } else if (definition.type === 'BOOLEAN' && !/^(true|false)$/i.test(value)) {
    throw invalid(definition, value, 'Expected value to be either true or false')
  }
}

function checkRule(definition: ConfigDefinition, value: string): void {
  switch (definition.validator) {
    case 'Range':
      return checkRange(definition, value)
    case 'LambdaValidator':
      return checkGzipLevel(definition, value)
    case 'ValidString':
      return checkOneOf(definition, value, (item) => item)
    case 'CaseInsensitiveValidString':
      return checkOneOf(definition, value, (item) => item.toUpperCase())
    case 'ValidList':
    case 'ValidListOrEmpty':
      return checkList(definition, value)
    case 'NonEmptyString':
      if (value === '') throw invalid(definition, value, 'String must be non-empty')
      return
    case 'ThrottledReplicaListValidator':
      return checkThrottledReplicas(definition, value)
    case 'Validator':
      return checkOffsetReset(definition, value)
  }
}

function checkRange(definition: ConfigDefinition, value: string): void {
  const bounds = definition.validatorText.slice(1, -1).split(',')
  const [min, max] = [bounds[0], bounds[2]]
  const number = Number(value)
  if (min !== undefined && number < Number(min)) {
    throw invalid(definition, value, `Value must be at least ${min}`)
  }
  if (max !== undefined && max !== '' && number > Number(max)) {
    throw invalid(definition, value, `Value must be no more than ${max}`)
  }
}

/** Codec levels that also take -1, for the codec's own default. */
function checkGzipLevel(definition: ConfigDefinition, value: string): void {
  const number = Number(value)
  if (number !== -1 && (number < 1 || number > 9)) {
    throw invalid(definition, value, `Value must be between 1 and 9 or equal to -1`)
  }
}

function checkOneOf(definition: ConfigDefinition, value: string, fold: (text: string) => string): void {
  const valid = itemsIn(definition.validatorText)
  if (!valid.includes(fold(value))) {
    throw invalid(
      definition,
      value,
      `String must be one of${fold('a') === 'A' ? ' (case insensitive)' : ''}: ${valid.join(', ')}`,
    )
  }
}

function checkList(definition: ConfigDefinition, value: string): void {
  const items = listOf(value)
  const valid = itemsIn(definition.validatorText)
  if (items.length === 0 && definition.validator === 'ValidList') {
    const words = valid.length === 0 ? 'any non-empty value' : `[${valid.join(', ')}]`
    throw fail(
      'INVALID_CONFIG',
      `Configuration '${definition.name}' must not be empty. Valid values include: ${words}`,
    )
  }
  if (items.some((item) => item === '')) {
    throw fail('INVALID_CONFIG', `Configuration '${definition.name}' values must not be empty.`)
  }
  if (new Set(items).size !== items.length) {
    throw fail('INVALID_CONFIG', `Configuration '${definition.name}' values must not be duplicated.`)
  }
  const wrong = items.find((item) => valid.length > 0 && !valid.includes(item))
  if (wrong !== undefined) throw invalid(definition, wrong, `String must be one of: ${valid.join(', ')}`)
}

function checkThrottledReplicas(definition: ConfigDefinition, value: string): void {
  const items = listOf(value)
  if (items.length === 0 || value === '*' || items.every((item) => /^\d+:\d+$/.test(item))) return
  throw fail(
    'INVALID_CONFIG',
    `${definition.name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
  )
}

function checkOffsetReset(definition: ConfigDefinition, value: string): void {
  if (value === 'latest' || value === 'earliest') return
  if (/^by_duration:P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(value)) return
  throw invalid(
    definition,
    value,
    `Invalid value \`${value}\` for configuration ${definition.name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS.>'.`,
  )
}

function itemsIn(text: string): string[] {
  return listOf(text.replace(/^[^[]*\[/, '').replace(/\]$/, ''))
}

function invalid(definition: ConfigDefinition, value: string, why: string): Error {
  return fail('INVALID_CONFIG', `Invalid value ${value} for configuration ${definition.name}: ${why}`)
}
