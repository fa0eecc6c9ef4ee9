// Guards against answers about tokens that no version of the client can read, or that promise tokens there are not.
import { ErrorCode } from '../../../../src/base/error-codes'
import { createDelegationTokenHandler } from '../../../../src/testing/apis/create-delegation-token'
import { describeDelegationTokenHandler } from '../../../../src/testing/apis/describe-delegation-token'
import { expireDelegationTokenHandler } from '../../../../src/testing/apis/expire-delegation-token'
import { renewDelegationTokenHandler } from '../../../../src/testing/apis/renew-delegation-token'
import { answer } from '../support/answer'
import { fakeContext } from '../support/fake-transaction-services'

function contextOf(name: string, apiVersion: number) {
  const context = fakeContext({ apiVersion })
  return { ...context, session: { ...context.session, principal: { type: 'User', name } } }
}

async function codesFor(name: string, apiVersion: number): Promise<number[]> {
  const context = contextOf(name, apiVersion)
  const hmac = Buffer.from('hmac')
  const request = { ownerPrincipalType: null, ownerPrincipalName: null, renewers: [], maxLifetimeMs: -1n }
  const older = contextOf(name, Math.min(apiVersion, 2))
  const responses = [
    await answer(createDelegationTokenHandler(), request, context),
    await answer(renewDelegationTokenHandler(), { hmac, renewPeriodMs: 1n }, older),
    await answer(expireDelegationTokenHandler(), { hmac, expiryTimePeriodMs: 1n }, older),
    await answer(describeDelegationTokenHandler(), { owners: null }, context),
  ]
  return responses.map((it) => it.errorCode)
}

test('who did not authenticate may not ask, and who did learns that there are no tokens', async () => {
  for (const apiVersion of [1, 2, 3]) {
    expect(await codesFor('ANONYMOUS', apiVersion)).toEqual(
      Array(4).fill(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED),
    )
    expect(await codesFor('alice', apiVersion)).toEqual(
      Array(4).fill(ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED),
    )
  }
})
