import { SerializationError } from '../base/errors'
import type { Serde } from './serde'
import { formatIssues, type StandardSchema } from './standard-schema'

/**
 * JSON, checked by a Standard Schema where one is given: `send` takes the schema's input type and refuses what
 * does not fit; a consumer gets the schema's output type. What goes over the wire is the JSON of the input, so a
 * schema that transforms (a date from text) gives the same result on every side.
 *
 * Schemas that validate asynchronously are refused: a message's bytes are made within the call of `send`.
 */
export function json<Input, Output>(schema: StandardSchema<Input, Output>): Serde<Output, Input>
export function json<T = unknown>(): Serde<T>
export function json(schema?: StandardSchema): Serde<unknown> {
  return {
    name: 'json',
    serialize(value) {
      if (schema) validate(schema, value)
      const text = JSON.stringify(value) as string | undefined
      if (text === undefined) throw new SerializationError(`A value of type ${typeof value} has no JSON form`)
      return text
    },
    deserialize(buffer, start, end) {
      const value: unknown = JSON.parse(buffer.toString('utf8', start, end))
      return schema ? validate(schema, value) : value
    },
  }
}

function validate<Output>(schema: StandardSchema<unknown, Output>, value: unknown): Output {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new SerializationError(
      `The ${schema['~standard'].vendor} schema validates asynchronously; a topic needs a synchronous one`,
    )
  }
  if (result.issues)
    throw new SerializationError(`The value does not fit its schema: ${formatIssues(result.issues)}`)
  return result.value
}
