import type { ErrorCodeName } from '../../base/error-codes'
import { fail } from '../contracts/kafka-failure'
import type { ConfigDefinition, ConfigType } from './config-definition'

/**
 * Checks one value by its type and by the config's own rule, and answers it as Kafka understands it: without blanks
 * around it, a list without an item that comes twice.
 * @throws `code` with Kafka's words
 */
export function checkedValue(
  definition: ConfigDefinition,
  value: string,
  code: ErrorCodeName = 'INVALID_CONFIG',
): string {
  const trimmed = definition.type === 'PASSWORD' ? value : value.trim()
  const problem = typeProblem(definition, trimmed) ?? ruleProblem(definition, trimmed)
  if (problem !== undefined) throw fail(code, problem)
  if (definition.type === 'BOOLEAN') return trimmed.toLowerCase()
  return definition.type === 'LIST' ? [...new Set(listOf(trimmed))].join(',') : trimmed
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

function typeProblem(definition: ConfigDefinition, value: string): string | undefined {
  const range = ranges[definition.type]
  if (range !== undefined) {
    const number = /^[+-]?\d+$/.test(value) ? BigInt(value.replace('+', '')) : undefined
    if (number !== undefined && number >= range[0] && number <= range[1]) return undefined
    return invalid(definition, value, `Not a number of type ${definition.type}`)
  }
  if (definition.type === 'DOUBLE' && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(value)) {
    return invalid(definition, value, 'Not a number of type DOUBLE')
  }
  if (definition.type === 'BOOLEAN' && !/^(true|false)$/i.test(value)) {
    return invalid(definition, value, 'Expected value to be either true or false')
  }
  return undefined
}

function ruleProblem(definition: ConfigDefinition, value: string): string | undefined {
  switch (definition.validator) {
    case 'Range':
      return rangeProblem(definition, value)
    case 'LambdaValidator':
      return gzipLevelProblem(definition, value)
    case 'ValidString':
      return choiceProblem(definition, value)
    case 'CaseInsensitiveValidString':
      return choiceProblem(definition, value.toUpperCase(), ' (case insensitive)')
    case 'ValidList':
    case 'ValidListOrEmpty':
      return listProblem(definition, value)
    case 'NonEmptyString':
      return value === '' ? invalid(definition, value, 'String must be non-empty') : undefined
    case 'ThrottledReplicaListValidator':
      return throttledReplicasProblem(definition, value)
    case 'Validator':
      return offsetResetProblem(definition, value)
    default:
      return undefined
  }
}

function rangeProblem(definition: ConfigDefinition, value: string): string | undefined {
  const [min = '', , max = ''] = definition.validatorText.slice(1, -1).split(',')
  const number = Number(value)
  // As Java writes a number: a double has a point.
  const shown = definition.type === 'DOUBLE' && Number.isInteger(number) ? `${number}.0` : String(number)
  if (min !== '' && number < Number(min)) return invalid(definition, shown, `Value must be at least ${min}`)
  if (max !== '' && number > Number(max)) {
    return invalid(definition, shown, `Value must be no more than ${max}`)
  }
  return undefined
}

/** A codec's level; -1 stands for the codec's own default. */
function gzipLevelProblem(definition: ConfigDefinition, value: string): string | undefined {
  const level = Number(value)
  if (level === -1 || (level >= 1 && level <= 9)) return undefined
  return invalid(definition, value, 'Value must be between 1 and 9 or equal to -1')
}

function choiceProblem(definition: ConfigDefinition, value: string, how = ''): string | undefined {
  const valid = itemsIn(definition.validatorText)
  if (valid.includes(value)) return undefined
  return invalid(definition, value, `String must be one of${how}: ${valid.join(', ')}`)
}

function listProblem(definition: ConfigDefinition, value: string): string | undefined {
  const items = listOf(value)
  const valid = itemsIn(definition.validatorText)
  if (items.length === 0 && definition.validator === 'ValidList') {
    const words = valid.length === 0 ? 'any non-empty value' : `[${valid.join(', ')}]`
    return `Configuration '${definition.name}' must not be empty. Valid values include: ${words}`
  }
  if (items.includes('')) return `Configuration '${definition.name}' values must not be empty.`
  const wrong = items.find((item) => valid.length > 0 && !valid.includes(item))
  if (wrong === undefined) return undefined
  return invalid(definition, wrong, `String must be one of: ${valid.join(', ')}`)
}

function throttledReplicasProblem(definition: ConfigDefinition, value: string): string | undefined {
  const items = listOf(value)
  if (value === '*' || items.every((item) => /^\d+:\d+$/.test(item))) return undefined
  const rule =
    "must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
  return invalid(definition, `[${items.join(', ')}]`, `${definition.name} ${rule}`)
}

function offsetResetProblem(definition: ConfigDefinition, value: string): string | undefined {
  if (value === 'latest' || value === 'earliest') return undefined
  if (/^by_duration:P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(value)) return undefined
  const rule = `Invalid value \`${value}\` for configuration ${definition.name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`
  return invalid(definition, value, rule)
}

function itemsIn(text: string): string[] {
  return listOf(text.replace(/^[^[]*\[/, '').replace(/\]$/, ''))
}

function invalid(definition: ConfigDefinition, value: string, why: string): string {
  return `Invalid value ${value} for configuration ${definition.name}: ${why}`
}
