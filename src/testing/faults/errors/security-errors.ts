import { noMessage, noOffset, unthrottled, type ErrorResponses } from './error-response'

const emptyBytes = new Uint8Array(0)

/** SASL, ACLs, SCRAM credentials and delegation tokens. */
export const securityErrors: ErrorResponses<
  | 'SaslHandshake'
  | 'SaslAuthenticate'
  | 'DescribeAcls'
  | 'CreateAcls'
  | 'DeleteAcls'
  | 'DescribeUserScramCredentials'
  | 'AlterUserScramCredentials'
  | 'CreateDelegationToken'
  | 'RenewDelegationToken'
  | 'ExpireDelegationToken'
  | 'DescribeDelegationToken'
> = {
  SaslHandshake: (_, errorCode) => ({ errorCode, mechanisms: [] }),
  SaslAuthenticate: (_, errorCode) => ({ errorCode, errorMessage: noMessage, authBytes: emptyBytes }),
  DescribeAcls: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage, resources: [] }),
  CreateAcls: ({ creations }, errorCode) => ({
    ...unthrottled,
    results: creations.map(() => ({ errorCode, errorMessage: noMessage })),
  }),
  DeleteAcls: ({ filters }, errorCode) => ({
    ...unthrottled,
    filterResults: filters.map(() => ({ errorCode, errorMessage: noMessage, matchingAcls: [] })),
  }),
  DescribeUserScramCredentials: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    errorMessage: noMessage,
    results: [],
  }),
  AlterUserScramCredentials: ({ deletions, upsertions }, errorCode) => ({
    ...unthrottled,
    results: [...new Set([...deletions, ...upsertions].map(({ name }) => name))].map((user) => ({
      user,
      errorCode,
      errorMessage: noMessage,
    })),
  }),
  CreateDelegationToken: ({ ownerPrincipalType, ownerPrincipalName }, errorCode) => ({
    ...unthrottled,
    errorCode,
    principalType: ownerPrincipalType ?? '',
    principalName: ownerPrincipalName ?? '',
    issueTimestampMs: noOffset,
    expiryTimestampMs: noOffset,
    maxTimestampMs: noOffset,
    tokenId: '',
    hmac: emptyBytes,
  }),
  RenewDelegationToken: (_, errorCode) => ({ ...unthrottled, errorCode, expiryTimestampMs: noOffset }),
  ExpireDelegationToken: (_, errorCode) => ({ ...unthrottled, errorCode, expiryTimestampMs: noOffset }),
  DescribeDelegationToken: (_, errorCode) => ({ ...unthrottled, errorCode, tokens: [] }),
}
