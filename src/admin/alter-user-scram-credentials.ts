import * as z from 'zod/mini'
import { nodeModule } from '../base/node-module'
import { saltedPassword } from '../network/sasl/salted-password'
import {
  alterUserScramCredentialsApi,
  type AlterUserScramCredentialsRequest,
} from '../wire/generated/client/alter-user-scram-credentials'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import {
  describeCredential,
  scramMechanismCodes,
  scramMechanismNames,
  type ScramMechanismName,
} from './scram-types'
import { controllerRetries, notController, oneShard, outcomeOf } from './shards'

/** A credential to set or to delete; all changes of one user are made together or not at all. */
export type ScramCredentialChange =
  | {
      readonly user: string
      readonly mechanism: ScramMechanismName
      /** Never leaves this process: brokers get what is derived from it, and errors do not name it. */
      readonly password: string
      /** Rounds of the derivation, 4096 to 16384. Default: 4096, as of Kafka's own tool. */
      readonly iterations?: number
      /** Default: 32 random bytes. */
      readonly salt?: Uint8Array
    }
  | { readonly user: string; readonly mechanism: ScramMechanismName; readonly delete: true }

/** A credential that was set or deleted. */
export interface AlteredScramCredential {
  readonly user: string
  readonly mechanism: ScramMechanismName
}

const name = {
  user: z.string().check(z.minLength(1, 'A user name must not be empty')),
  mechanism: z.enum(scramMechanismNames),
}
const upsertionSchema = z.lazy(() =>
  z.strictObject({
    ...name,
    password: z.string().check(z.minLength(1, 'A password must not be empty')),
    iterations: z._default(z.int().check(z.minimum(4096), z.maximum(16_384)), 4096),
    salt: z.optional(z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes')),
  }),
)
const deletionSchema = z.lazy(() => z.strictObject({ ...name, delete: z.literal(true) }))
const changeSchema = z.lazy(() =>
  z.union(
    [upsertionSchema, deletionSchema],
    'must have user, mechanism, and either a password (iterations 4096 to 16384) or delete: true',
  ),
)

type Change = z.output<typeof changeSchema>
type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number]

/**
 * Kafka: `Admin.alterUserScramCredentials` (KIP-554), API AlterUserScramCredentials, to the controller. When one
 * change of a user is refused, none of that user's is made.
 */
export async function alterUserScramCredentials(
  call: AdminCall,
  changes: readonly ScramCredentialChange[],
): Promise<ItemResult<AlteredScramCredential, 'user' | 'mechanism'>[]> {
  const items = parseItems('alterUserScramCredentials', 'changes', changeSchema, changes, describeCredential)
  const derived = new Map<Change, Upsertion>()
  for (const item of items) if ('password' in item) derived.set(item, await upsertion(item))
  const outcomes = await runItems<Change, object>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard, derived))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ user, mechanism }) => ({ user, mechanism }))
}

/** `Hi(password, salt, iterations)` of RFC 5802, all that a broker needs to know. */
async function upsertion(change: z.output<typeof upsertionSchema>): Promise<Upsertion> {
  const { randomBytes } = nodeModule('node:crypto')
  const { user, mechanism, password, iterations, salt = randomBytes(32) } = change
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
  const salted = await saltedPassword(hash, password, salt, iterations)
  return { name: user, mechanism: scramMechanismCodes[mechanism], iterations, salt, saltedPassword: salted }
}

async function send(
  call: AdminCall,
  items: readonly Change[],
  derived: ReadonlyMap<Change, Upsertion>,
): Promise<ReadonlyMap<Change, Outcome<object>>> {
  const body = {
    deletions: items
      .filter((item) => 'delete' in item)
      .map(({ user, mechanism }) => ({ name: user, mechanism: scramMechanismCodes[mechanism] })),
    upsertions: items.flatMap((item) => derived.get(item) ?? []),
  }
  const response = await request(call, { kind: 'controller' }, alterUserScramCredentialsApi, body, {
    errorOf: (answer) => notController(answer.results),
  })
  const answers = new Map(response.results.map((answer) => [answer.user, answer]))
  const outcomes = new Map<Change, Outcome<object>>()
  for (const item of items) {
    const answer = answers.get(item.user)
    if (answer === undefined) continue
    const context = { api: alterUserScramCredentialsApi.name }
    const what = `${describeCredential(item)} was not changed`
    outcomes.set(
      item,
      outcomeOf(answer, what, context, () => ({})),
    )
  }
  return outcomes
}
