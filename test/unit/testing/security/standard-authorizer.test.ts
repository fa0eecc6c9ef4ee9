// Guards against an authorizer that lets through what Kafka's forbids: services' ACLs are tested against it.
import { ErrorCode } from '../../../../src/base/error-codes'
import { createAclsHandler } from '../../../../src/testing/apis/create-acls'
import { deleteAclsHandler } from '../../../../src/testing/apis/delete-acls'
import { describeAclsHandler } from '../../../../src/testing/apis/describe-acls'
import {
  type Acl,
  aclOperations,
  aclResourceTypes,
  type AclFilter,
  allOperations,
} from '../../../../src/testing/security/acl'
import { AllowAllAuthorizer } from '../../../../src/testing/security/allow-all-authorizer'
import type { AclOperation, AclResource } from '../../../../src/testing/contracts/security'
import {
  StandardAuthorizer,
  type StandardAuthorizerOptions,
} from '../../../../src/testing/security/standard-authorizer'
import { answer } from '../support/answer'
import { fakeContext } from '../support/fake-transaction-services'
import { codeOf } from '../support/transaction-driver'

const [literal, prefixed, allow, deny] = [3, 4, 3, 2]
const services = { release: { name: '4.3' } }

function rule(changes: Partial<Acl> & { readonly on?: AclResource; readonly to?: AclOperation } = {}): Acl {
  const { on = 'Topic', to = 'Read', ...rest } = changes
  return {
    resourceType: aclResourceTypes[on],
    resourceName: 'orders',
    patternType: literal,
    principal: 'User:alice',
    host: '*',
    operation: aclOperations[to],
    permissionType: allow,
    ...rest,
  }
}

function callerFrom(name: string, clientHost = '127.0.0.1') {
  const context = fakeContext()
  return { ...context, session: { ...context.session, principal: { type: 'User', name }, clientHost } }
}

const alice = callerFrom('alice')

function authorizerWith(rules: readonly Acl[], options?: StandardAuthorizerOptions): StandardAuthorizer {
  const authorizer = new StandardAuthorizer(services, options)
  for (const one of rules) authorizer.acls.add(one)
  return authorizer
}

test('what no rule allows is forbidden, unless resources without rules are open to everyone', () => {
  expect(authorizerWith([]).allows(alice, 'Read', 'Topic', 'orders')).toBe(false)
  const open = authorizerWith([rule({ principal: 'User:bob' })], { allowEveryoneIfNoAclFound: true })
  expect(open.allows(alice, 'Read', 'Topic', 'payments')).toBe(true)
  expect(open.allows(alice, 'Read', 'Topic', 'orders')).toBe(false)
})

test('super users may do everything, whatever is denied', () => {
  const authorizer = authorizerWith([rule({ permissionType: deny })], { superUsers: ['User:alice'] })
  expect(authorizer.allows(alice, 'Read', 'Topic', 'orders')).toBe(true)
  expect(authorizer.allowsAny(alice, 'Write', 'Topic')).toBe(true)
})

test('a rule that denies outweighs all that allow, by name, prefix or wildcard', () => {
  for (const denial of [
    rule({ permissionType: deny }),
    rule({ permissionType: deny, patternType: prefixed, resourceName: 'ord' }),
    rule({ permissionType: deny, resourceName: '*' }),
    rule({ permissionType: deny, principal: 'User:*' }),
    rule({ permissionType: deny, operation: allOperations }),
  ]) {
    const authorizer = authorizerWith([rule(), denial])
    expect(authorizer.allows(alice, 'Read', 'Topic', 'orders')).toBe(false)
  }
  const elsewhere = authorizerWith([rule(), rule({ permissionType: deny, host: '10.0.0.1' })])
  expect(elsewhere.allows(alice, 'Read', 'Topic', 'orders')).toBe(true)
  expect(elsewhere.allows(callerFrom('alice', '10.0.0.1'), 'Read', 'Topic', 'orders')).toBe(false)
})

test('a rule is about exactly its name, all that begins with it, or everything', () => {
  const authorizer = authorizerWith([
    rule({ resourceName: 'orders' }),
    rule({ resourceName: 'pay', patternType: prefixed }),
    rule({ resourceName: '*', on: 'Group' }),
  ])
  expect(authorizer.allows(alice, 'Read', 'Topic', 'orders')).toBe(true)
  expect(authorizer.allows(alice, 'Read', 'Topic', 'orders-2')).toBe(false)
  expect(authorizer.allows(alice, 'Read', 'Topic', 'payments')).toBe(true)
  expect(authorizer.allows(alice, 'Read', 'Group', 'any')).toBe(true)
  expect(authorizer.allows(callerFrom('bob'), 'Read', 'Topic', 'orders')).toBe(false)
})

test('Describe is implied by Read, Write, Delete and Alter, DescribeConfigs by AlterConfigs, and nothing by denials', () => {
  for (const to of ['Read', 'Write', 'Delete', 'Alter', 'Describe'] as const) {
    expect(authorizerWith([rule({ to })]).allows(alice, 'Describe', 'Topic', 'orders')).toBe(true)
  }
  expect(authorizerWith([rule({ to: 'Create' })]).allows(alice, 'Describe', 'Topic', 'orders')).toBe(false)
  const configs = authorizerWith([rule({ to: 'AlterConfigs' })])
  expect(configs.allows(alice, 'DescribeConfigs', 'Topic', 'orders')).toBe(true)
  const denied = authorizerWith([rule({ to: 'Describe' }), rule({ to: 'Read', permissionType: deny })])
  expect(denied.allows(alice, 'Describe', 'Topic', 'orders')).toBe(true)
})

test('any resource will do unless denials leave nothing of it', () => {
  const write = (changes: Partial<Acl>) => rule({ to: 'Write', ...changes })
  const may = (...rules: Acl[]) => authorizerWith(rules).allowsAny(alice, 'Write', 'Topic')
  expect(may()).toBe(false)
  expect(may(write({}))).toBe(true)
  expect(may(rule({ to: 'Read' }))).toBe(false)
  expect(may(write({}), write({ permissionType: deny }))).toBe(false)
  expect(may(write({}), write({ permissionType: deny, resourceName: '*' }))).toBe(false)
  const prefixDenial = write({ permissionType: deny, patternType: prefixed, resourceName: 'o' })
  expect(may(write({}), prefixDenial)).toBe(false)
  expect(may(write({ patternType: prefixed, resourceName: 'orders' }), prefixDenial)).toBe(false)
  expect(may(write({ resourceName: '*' }), prefixDenial)).toBe(true)
  expect(may(write({ patternType: prefixed }), write({ permissionType: deny }))).toBe(true)
})

test('the operations of a caller are one bit each, and groups have configs since Kafka 4.0', () => {
  const bits = (...operations: AclOperation[]) =>
    operations.reduce((field, operation) => field | (1 << aclOperations[operation]), 0)
  const authorizer = authorizerWith([rule({ to: 'Write' })])
  expect(authorizer.authorizedOperations(alice, 'Topic', 'orders')).toBe(bits('Write', 'Describe'))
  const all = new AllowAllAuthorizer(services)
  expect(all.authorizedOperations(alice, 'Group')).toBe(
    bits('Read', 'Describe', 'Delete', 'DescribeConfigs', 'AlterConfigs'),
  )
  const old = new AllowAllAuthorizer({ release: { name: '3.7' } })
  expect(old.authorizedOperations(alice, 'Group')).toBe(bits('Read', 'Describe', 'Delete'))
})

describe('the APIs of ACLs', () => {
  const anything: AclFilter = {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  }

  async function found(authorizer: StandardAuthorizer, filter: Partial<AclFilter>): Promise<string[]> {
    const handler = describeAclsHandler({ authorizer }, authorizer.acls)
    const admin = { ...callerFrom('admin'), apiVersion: 3 }
    const response = await answer(handler, { ...anything, ...filter }, admin)
    expect(response.errorCode).toBe(ErrorCode.NONE)
    return response.resources.flatMap((it) => it.acls.map((acl) => `${it.resourceName} ${acl.principal}`))
  }

  test('find rules by type, name, pattern, principal and operation; MATCH finds all that concern a name', async () => {
    const authorizer = authorizerWith(
      [
        rule({ resourceName: 'orders' }),
        rule({ resourceName: 'ord', patternType: prefixed, principal: 'User:bob' }),
        rule({ resourceName: '*', principal: 'User:carol', to: 'Write' }),
        rule({ resourceName: 'orders', on: 'Group', principal: 'User:dave' }),
      ],
      { superUsers: ['User:admin'] },
    )
    expect(await found(authorizer, {})).toHaveLength(4)
    const topics = { resourceTypeFilter: aclResourceTypes.Topic }
    expect(await found(authorizer, { ...topics, resourceNameFilter: 'orders' })).toEqual([
      'orders User:alice',
    ])
    const matching = { ...topics, resourceNameFilter: 'orders', patternTypeFilter: 2 }
    expect(await found(authorizer, matching)).toEqual(['orders User:alice', 'ord User:bob', '* User:carol'])
    expect(await found(authorizer, { patternTypeFilter: prefixed })).toEqual(['ord User:bob'])
    expect(await found(authorizer, { principalFilter: 'User:dave' })).toEqual(['orders User:dave'])
    expect(await found(authorizer, { operation: aclOperations.Write })).toEqual(['* User:carol'])
    expect(await found(authorizer, { permissionType: deny })).toEqual([])
  })

  test('create each rule for itself, refuse what makes no sense, and keep no rule twice', async () => {
    const authorizer = authorizerWith([], { superUsers: ['User:admin'] })
    const handler = createAclsHandler({ authorizer }, authorizer.acls)
    const creation = ({ patternType, ...acl }: Acl) => ({ ...acl, resourcePatternType: patternType })
    const creations = [
      rule(),
      rule(),
      rule({ resourceName: '' }),
      rule({ on: 'Cluster', resourceName: 'mine' }),
      rule({ principal: 'alice' }),
    ].map(creation)
    const { results } = await answer(handler, { creations }, { ...callerFrom('admin'), apiVersion: 2 })
    expect(results.map((it) => it.errorCode)).toEqual([
      0,
      0,
      ...Array<number>(3).fill(ErrorCode.INVALID_REQUEST),
    ])
    expect(results[3]?.errorMessage).toBe('The only valid name for the CLUSTER resource is kafka-cluster')
    expect(await found(authorizer, {})).toEqual(['orders User:alice'])
    const mistakes = [rule({ operation: 1 }), rule({ resourceName: 'more' })].map(creation)
    const failed = await answer(handler, { creations: mistakes }, callerFrom('admin'))
    expect(failed.results.map((it) => it.errorCode)).toEqual([-1, -1])
    const unknown = callerFrom('admin')
    expect(
      handler.handle({ creations: [rule({ permissionType: 0 })].map(creation) }, unknown),
    ).toBeUndefined()
    expect(unknown).toMatchObject({ closeConnection: true })
    expect(await found(authorizer, {})).toEqual(['orders User:alice'])
  })

  test('delete what a filter finds, and tell what it was', async () => {
    const authorizer = authorizerWith([rule(), rule({ resourceName: 'payments' })], {
      superUsers: ['User:admin'],
    })
    const handler = deleteAclsHandler({ authorizer }, authorizer.acls)
    const filters = [{ ...anything, resourceNameFilter: 'orders' }]
    const { filterResults } = await answer(handler, { filters }, { ...callerFrom('admin'), apiVersion: 3 })
    expect(filterResults[0]?.matchingAcls.map((acl) => acl.resourceName)).toEqual(['orders'])
    expect(await found(authorizer, {})).toEqual(['payments User:alice'])
    expect(authorizer.allows(alice, 'Read', 'Topic', 'orders')).toBe(false)
  })

  test('are for those who may, and need an authorizer', async () => {
    const authorizer = authorizerWith([])
    const refused = await answer(
      describeAclsHandler({ authorizer }, authorizer.acls),
      anything,
      fakeContext(),
    )
    expect(refused.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    const open = { authorizer: new AllowAllAuthorizer(services) }
    const described = await answer(describeAclsHandler(open, undefined), anything, fakeContext())
    expect(described.errorCode).toBe(ErrorCode.SECURITY_DISABLED)
    expect(described.errorMessage).toBe('No Authorizer is configured on the broker')
    const deleted = await answer(deleteAclsHandler(open, undefined), { filters: [anything] }, fakeContext())
    expect(deleted.filterResults[0]?.errorCode).toBe(ErrorCode.SECURITY_DISABLED)
  })

  test('the store refuses on its own, too', () => {
    const { acls } = new StandardAuthorizer(services)
    for (const one of [{ resourceName: '' }, { operation: 1 }, { patternType: 2 }, { permissionType: 1 }]) {
      expect(codeOf(() => acls.add(rule(one)))).toBe('INVALID_REQUEST')
    }
  })
})
