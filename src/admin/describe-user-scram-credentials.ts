import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import {
  describeUserScramCredentialsApi,
  type DescribeUserScramCredentialsResponse,
} from '../wire/generated/client/describe-user-scram-credentials'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { controllerRetries, oneShard, outcomeOf } from './shards'
import { scramMechanismCodes, scramMechanismNames, type ScramMechanismName } from './scram-types'

/** What is known of a user's credentials: never the password, nor what is derived from it. */
export interface UserScramCredentials {
  readonly user: string
  readonly credentials: readonly {
    /** `unknown` where a broker is newer than this client. */
    readonly mechanism: ScramMechanismName | 'unknown'
    readonly iterations: number
  }[]
}

type Credentials = Pick<UserScramCredentials, 'credentials'>
type UserAnswer = DescribeUserScramCredentialsResponse['results'][number]

/**
 * Kafka: `Admin.describeUserScramCredentials` (KIP-554), API DescribeUserScramCredentials, to any broker. A user
 * without credentials that is asked for by name is RESOURCE_NOT_FOUND.
 */
export async function describeUserScramCredentials(
  call: AdminCall,
  users: readonly string[] | 'all',
): Promise<ItemResult<UserScramCredentials, 'user'>[]> {
  if (users === 'all') {
    const answers = await send(call, null)
    return itemResults([...answers.keys()], answers, (user) => ({ user }))
  }
  const what = 'describeUserScramCredentials'
  const items = parseItems(what, 'users', z.string().check(z.minLength(1)), users, (user) => `user '${user}'`)
  const outcomes = await runItems<string, Credentials>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, (user) => ({ user }))
}

async function send(
  call: AdminCall,
  users: readonly string[] | null,
): Promise<ReadonlyMap<string, Outcome<Credentials>>> {
  const body = { users: users?.map((name) => ({ name })) ?? null }
  const response = await request(call, { kind: 'any' }, describeUserScramCredentialsApi, body, {
    errorOf: (answer) => (answer.errorCode === ErrorCode.NONE ? undefined : answer),
  })
  const what = 'The credentials could not be described'
  const context = { api: describeUserScramCredentialsApi.name }
  return new Map(
    response.results.map((answer) => [
      answer.user,
      outcomeOf(answer, what, context, () => credentials(answer)),
    ]),
  )
}

function credentials({ credentialInfos }: UserAnswer): Credentials {
  return {
    credentials: credentialInfos.map(({ mechanism, iterations }) => ({
      mechanism: scramMechanismNames.find((name) => scramMechanismCodes[name] === mechanism) ?? 'unknown',
      iterations,
    })),
  }
}
