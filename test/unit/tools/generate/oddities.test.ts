// Guards against definitions that are read in a way Kafka does not mean: one minimal schema for each oddity of the real ones.
import { DecodeError, InvalidArgumentError, UnsupportedVersionError } from '../../../../src/base/errors'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'
import { readDefinitions } from '../../../../tools/generate/definitions'
import { emitApiModule } from '../../../../tools/generate/emit-module'
import { emitFiles } from '../../../../tools/generate/files'
import { resolveMessage } from '../../../../tools/generate/resolve'
import { compileSchema, emitSchema, resolveSchema, resolveText } from './compile-schema'

const int32 = { name: 'A', type: 'int32', versions: '0+' }

describe('comments and layout of definition files', () => {
  it('may hold comments before the brace, between fields and after the last element, and slashes inside text', () => {
    const message = resolveText(`// licence
      { "type" : "data", "name":  "Sample", "validVersions": "0", "flexibleVersions": "none", // none
        "fields": [
          // first
          { "name": "Url", "type" : "[]string", "versions": "0+", "about": "see http://x // not a comment \\" // nor this" }
          // last
        ]
      }`)
    expect(message.root.fields.map(({ name }) => name)).toEqual(['url'])
  })

  it('may leave out what a field is about', () => {
    expect(compileSchema({ fields: [int32] }).encode({ a: 1 })).toBe('00000001')
  })
})

describe('versions', () => {
  const retired = (type: string): string =>
    JSON.stringify({
      apiKey: 4,
      type,
      name: `Gone${type === 'request' ? 'Request' : 'Response'}`,
      validVersions: 'none',
    })

  it('"none" without fields keeps the key and gives no codec', () => {
    const definitions = readDefinitions([
      ['GoneRequest.json', retired('request')],
      ['GoneResponse.json', retired('response')],
    ])
    const files = emitFiles(definitions, 'a test')
    expect(files.get('api-keys.ts')).toContain('Gone: 4')
    expect([...files.keys()].filter((file) => file.includes('gone'))).toEqual([])
  })

  it('of a field are cut to the valid versions, so that no condition is written for versions that are gone', () => {
    const schema = { validVersions: '3-5', fields: [{ ...int32, versions: '1+' }] }
    expect(emitSchema(schema)).not.toContain('version >=')
    expect(compileSchema(schema).encode({ a: 1 }, 3)).toBe('00000001')
    expect(() => compileSchema(schema).encode({ a: 1 }, 2)).toThrow(UnsupportedVersionError)
    expect(() => compileSchema(schema).decode('00000001', 6)).toThrow(UnsupportedVersionError)
  })

  it('of a child that are wider than its parent’s are cut to the parent’s', () => {
    const inner = { name: 'End', type: 'int32', versions: '0+' }
    const message = resolveSchema({
      validVersions: '0-3',
      fields: [{ name: 'Items', type: '[]Item', versions: '2+', fields: [inner] }],
    })
    expect(message.structs[0]?.range).toEqual({ min: 2, max: 3 })
    expect(message.structs[0]?.fields[0]?.versions).toEqual({ min: 2, max: 3 })
  })

  it('that no valid version meets drop the field', () => {
    const schema = { validVersions: '1-2', fields: [int32, { name: 'Dead', type: 'int32', versions: '0' }] }
    expect(resolveSchema(schema).root.fields.map(({ name }) => name)).toEqual(['a'])
    expect(emitSchema(schema)).not.toContain('dead')
  })

  it('that end make way for the field that replaces it', () => {
    const codec = compileSchema({
      validVersions: '0-2',
      fields: [
        { name: 'Name', type: 'string', versions: '0-1', ignorable: true },
        { name: 'Id', type: 'uuid', versions: '2+', ignorable: true },
      ],
    })
    const both = { name: 'x', id: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    expect(codec.encode(both, 1)).toBe('000178')
    expect(codec.encode(both, 2)).toBe('00000000000000000000000000000001')
    expect(codec.decode('000178', 1)).toEqual({ name: 'x', id: zeroUuid })
    expect(codec.decode('00000000000000000000000000000001', 2)).toEqual({ name: '', id: both.id })
  })

  it('are conditions only once for neighbours of the same range', () => {
    const code = emitSchema({
      validVersions: '0-2',
      fields: ['A', 'B', 'C'].map((name) => ({ name, type: 'int32', versions: '1+', ignorable: true })),
    })
    const encoder = code.slice(code.indexOf('function encodeSample'), code.indexOf('function decodeSample'))
    expect(encoder.match(/if \(version >= 1\)/g)).toHaveLength(1)
  })

  it('of a request and its response must be the same', () => {
    const file = (type: string, name: string, validVersions: string): [string, string] => [
      `${name}.json`,
      JSON.stringify({ apiKey: 0, type, name, validVersions, flexibleVersions: 'none', fields: [] }),
    ]
    expect(() =>
      readDefinitions([file('request', 'XRequest', '0-1'), file('response', 'XResponse', '0-2')]),
    ).toThrow('XRequest and XResponse differ in validVersions: 0-1, 0-2')
  })
})

describe('flexible versions', () => {
  it('"none" gives old lengths in all versions; a file that does not say is refused', () => {
    const fields = [{ name: 'S', type: 'string', versions: '0+' }]
    expect(compileSchema({ fields }).encode({ s: 'a' })).toBe('000161')
    const unsaid = JSON.stringify({ type: 'data', name: 'Sample', validVersions: '0', fields })
    expect(() => resolveText(unsaid)).toThrow('flexibleVersions is missing')
  })

  it('"none" on a field keeps its old length inside a flexible message', () => {
    const codec = compileSchema({
      flexibleVersions: '0+',
      fields: [
        { name: 'Old', type: 'string', versions: '0+', nullableVersions: '0+', flexibleVersions: 'none' },
        { name: 'New', type: 'string', versions: '0+' },
      ],
    })
    expect(codec.encode({ old: 'a', new: 'b' })).toBe('000161' + '0262' + '00')
    expect(codec.decode('ffff' + '0262' + '00')).toEqual({ old: null, new: 'b' })
  })

  it('that start below the valid ones are cut', () => {
    expect(resolveSchema({ validVersions: '1-2', flexibleVersions: '0+', fields: [] }).flexible).toEqual({
      min: 1,
      max: 2,
    })
  })
})

describe('defaults', () => {
  it.each([
    ['int32', '"-1"', '-1'],
    ['int32', '-2', '-2'],
    ['int32', '"0x7fffffff"', '2147483647'],
    ['int32', '"-2147483648"', '-2147483648'],
    ['int64', '"9223372036854775807"', '9223372036854775807n'],
    ['bool', '"true"', 'true'],
    ['bool', 'false', 'false'],
    ['string', '""', '""'],
    ['float64', '"0.5"', '0.5'],
  ])('of type %s may be written as %s', (type, written, expected) => {
    const field = {
      name: 'A',
      type,
      versions: '1+',
      default: JSON.parse(written) as unknown,
      ignorable: true,
    }
    const decoded = compileSchema({ validVersions: '0-1', fields: [field] }).decode('', 0).a
    const text = typeof decoded === 'bigint' ? `${decoded}n` : JSON.stringify(decoded)
    expect(text).toBe(expected)
  })

  it.each([
    ['int8', '"128"'],
    ['uint16', '-1'],
    ['int32', '"1.5"'],
    ['int64', '"9223372036854775808"'],
    ['bool', '"yes"'],
    ['string', '5'],
    ['uuid', '"x"'],
  ])('of type %s may not be %s', (type, written) => {
    const field = { name: 'A', type, versions: '0+', default: JSON.parse(written) as unknown }
    expect(() => resolveSchema({ fields: [field] })).toThrow(/^Sample\.a: default/)
  })

  it('"null" is refused where the field can’t be null in all its versions', () => {
    const field = { name: 'A', type: 'string', versions: '0+', nullableVersions: '1+', default: 'null' }
    expect(() => resolveSchema({ validVersions: '0-1', fields: [field] })).toThrow(
      'needs nullableVersions that cover',
    )
  })

  it('are not null for a nullable field that names none', () => {
    const field = { name: 'A', type: 'string', versions: '1+', nullableVersions: '1+' }
    expect(compileSchema({ validVersions: '0-1', fields: [field] }).decode('', 0)).toEqual({ a: '' })
  })
})

describe('nullable fields', () => {
  const partly = compileSchema({
    validVersions: '0-1',
    fields: [{ name: 'Names', type: '[]string', versions: '0+', nullableVersions: '1+' }],
  })

  it('may be null in some of their versions only', () => {
    expect(partly.encode({ names: null }, 1)).toBe('ffffffff')
    expect(partly.decode('ffffffff', 1)).toEqual({ names: null })
    expect(() => partly.encode({ names: null }, 0)).toThrow(InvalidArgumentError)
    expect(() => partly.decode('ffffffff', 0)).toThrow(DecodeError)
  })

  it('whose nullable versions are all gone are never null', () => {
    const codec = compileSchema({
      validVersions: '1-2',
      flexibleVersions: '0+',
      fields: [{ name: 'Records', type: 'records', versions: '0+', nullableVersions: '0' }],
    })
    expect(codec.decode('0100', 1)).toEqual({ records: Buffer.alloc(0) })
    expect(() => codec.decode('0000', 1)).toThrow(DecodeError)
    expect(() => codec.encode({ records: null }, 1)).toThrow(InvalidArgumentError)
  })

  it('of a struct type have a byte that says whether the struct follows', () => {
    const codec = compileSchema({
      flexibleVersions: '0+',
      fields: [
        {
          name: 'Cursor',
          type: 'Cursor',
          versions: '0+',
          nullableVersions: '0+',
          default: 'null',
          fields: [int32],
        },
      ],
    })
    expect(codec.encode({})).toBe('ff' + '00')
    expect(codec.encode({ cursor: { a: 5 } })).toBe('01' + '00000005' + '00' + '00')
    expect(codec.decode('ff00')).toEqual({ cursor: null })
    expect(codec.decode('fe00')).toEqual({ cursor: null })
    expect(codec.decode('01000000050000')).toEqual({ cursor: { a: 5 } })
  })

  it('can’t be of a fixed-size type', () => {
    expect(() => resolveSchema({ fields: [{ ...int32, nullableVersions: '0+' }] })).toThrow(
      "type int32 can't be nullable",
    )
  })
})

describe('tagged fields', () => {
  const tagged = (fields: Record<string, unknown>, tag = 0): Record<string, unknown> => ({
    name: 'T',
    versions: '0+',
    taggedVersions: '0+',
    tag,
    ...fields,
  })
  const leader = {
    type: 'Leader',
    fields: [
      { name: 'Id', type: 'int32', versions: '0+', default: '-1' },
      { name: 'Epoch', type: 'int32', versions: '0+', default: '-1' },
    ],
  }

  it('of a struct type are left out when every field has its default', () => {
    const codec = compileSchema({ flexibleVersions: '0+', fields: [tagged(leader)] })
    expect(codec.encode({})).toBe('00')
    expect(codec.encode({ t: { id: -1, epoch: -1 } })).toBe('00')
    expect(codec.encode({ t: { epoch: 7 } })).toBe('01' + '00' + '09' + 'ffffffff' + '00000007' + '00')
    expect(codec.decode('00')).toEqual({ t: { id: -1, epoch: -1 } })
    expect(codec.decode('010009ffffffff0000000700')).toEqual({ t: { id: -1, epoch: 7 } })
  })

  it('of a struct type are written when only a field nobody knows is set', () => {
    const codec = compileSchema({ flexibleVersions: '0+', fields: [tagged(leader)] })
    const unknownTaggedFields = [{ tag: 9, data: Buffer.from('x') }]
    expect(codec.encode({ t: { unknownTaggedFields } })).toBe('01000c' + 'ffffffffffffffff' + '01090178')
  })

  it('and plain fields of the same struct have different layouts', () => {
    const codec = compileSchema({
      flexibleVersions: '0+',
      fields: [{ name: 'Plain', versions: '0+', ...leader }],
    })
    expect(codec.encode({ plain: { id: 1, epoch: 2 } })).toBe('00000001' + '00000002' + '00' + '00')
  })

  it('may be uuids, nullable arrays and arrays of structs', () => {
    const codec = compileSchema({
      flexibleVersions: '0+',
      fields: [
        tagged({ name: 'Id', type: 'uuid' }),
        tagged({ name: 'Dirs', type: '[]uuid', nullableVersions: '0+', default: 'null' }, 1),
        tagged({ name: 'Nodes', type: '[]Node', fields: [int32] }, 2),
      ],
    })
    expect(codec.encode({ dirs: [], nodes: [{ a: 1 }] })).toBe(
      '02' + '010101' + '0206' + '02' + '00000001' + '00',
    )
    expect(codec.decode('00')).toEqual({ id: zeroUuid, dirs: null, nodes: [] })
    expect(codec.decode('02010101020602' + '00000001' + '00')).toEqual({
      id: zeroUuid,
      dirs: [],
      nodes: [{ a: 1 }],
    })
  })

  it('that a version does not have yet are kept as unknown ones', () => {
    const codec = compileSchema({
      validVersions: '0-1',
      flexibleVersions: '0+',
      fields: [tagged({ type: 'int8', versions: '1+', taggedVersions: '1+' })],
    })
    expect(codec.decode('01000105', 1)).toEqual({ t: 5 })
    const early = codec.decode('01000105', 0)
    expect(early).toEqual({ t: 0, unknownTaggedFields: [{ tag: 0, data: Buffer.from([5]) }] })
    expect(codec.encode(early, 0)).toBe('01000105')
    expect(() => codec.encode({ t: 5 }, 0)).toThrow(UnsupportedVersionError)
  })

  it.each<[string, unknown[], string]>([
    ['start at 1', [tagged({ type: 'int8' }, 1)], 'tags 1 are not 0, 1, 2 … without gaps'],
    ['repeat', [tagged({ type: 'int8' }), tagged({ type: 'int8', name: 'U' })], 'tags 0, 0 are not 0, 1, 2'],
    ['are text', [{ ...tagged({ type: 'int8' }), tag: '0' }], 'fields.0.tag'],
    [
      'end',
      [tagged({ type: 'int8', versions: '0-3', taggedVersions: '0-3' })],
      'taggedVersions must be open-ended',
    ],
    ['start later than the field', [tagged({ type: 'int8', taggedVersions: '1+' })], 'must equal versions'],
    ['have no versions', [{ ...int32, tag: 0 }], 'tag and taggedVersions belong together'],
    [
      'are nullable structs',
      [tagged({ ...leader, nullableVersions: '0+' })],
      "a tagged struct can't be nullable",
    ],
    ['are map keys', [tagged({ type: 'int8', mapKey: true })], "can't be a map key"],
  ])('that %s are refused', (_what, fields, problem) => {
    expect(() => resolveSchema({ flexibleVersions: '0+', fields })).toThrow(problem)
  })

  it('in versions that are not flexible are refused', () => {
    expect(() =>
      resolveSchema({ validVersions: '0-2', flexibleVersions: '1+', fields: [tagged({ type: 'int8' })] }),
    ).toThrow('tagged versions 0+ are not all flexible')
  })
})

describe('structs', () => {
  it('are named after their message, so that equal names in two messages do not meet', () => {
    const named = (name: string): string =>
      JSON.stringify({
        type: 'data',
        name,
        validVersions: '0',
        flexibleVersions: 'none',
        fields: [{ name: 'Items', type: '[]PartitionData', versions: '0+', fields: [int32] }],
      })
    expect(resolveText(named('First')).structs[0]?.typeName).toBe('FirstPartitionData')
    expect(resolveText(named('Second')).structs[0]?.typeName).toBe('SecondPartitionData')
  })

  it('that two fields define under one name are refused', () => {
    const field = (name: string): unknown => ({ name, type: '[]Item', versions: '0+', fields: [int32] })
    expect(() => resolveSchema({ fields: [field('One'), field('Two')] })).toThrow(
      'two structs are called Item',
    )
  })

  it('may be shared, start later than the message, and use each other in any order', () => {
    const codec = compileSchema({
      validVersions: '0-1',
      fields: [
        { name: 'One', type: 'Outer', versions: '1+', ignorable: true },
        { name: 'Many', type: '[]Inner', versions: '0+' },
      ],
      commonStructs: [
        { name: 'Outer', versions: '1+', fields: [{ name: 'In', type: 'Inner', versions: '1+' }] },
        { name: 'Inner', versions: '0+', fields: [int32] },
      ],
    })
    const message = { one: { in: { a: 1 } }, many: [{ a: 2 }] }
    expect(codec.encode(message, 1)).toBe('00000001' + '00000001' + '00000002')
    expect(codec.decode('000000010000000100000002', 1)).toEqual(message)
    expect(codec.decode('0000000100000002', 0)).toEqual({ one: { in: { a: 0 } }, many: [{ a: 2 }] })
  })

  it('that contain themselves are refused', () => {
    const commonStructs = [
      { name: 'Loop', versions: '0+', fields: [{ name: 'Next', type: '[]Loop', versions: '0+' }] },
    ]
    expect(() =>
      resolveSchema({ fields: [{ name: 'L', type: 'Loop', versions: '0+' }], commonStructs }),
    ).toThrow('struct SampleLoop contains itself')
  })

  it('can’t be map keys', () => {
    const field = { name: 'A', type: 'Inner', versions: '0+', mapKey: true, fields: [int32] }
    expect(() => resolveSchema({ fields: [field] })).toThrow('a map key must be a scalar')
  })

  it('that nobody defines are refused', () => {
    expect(() => resolveSchema({ fields: [{ name: 'A', type: 'Nowhere', versions: '0+' }] })).toThrow(
      'Sample.a: type Nowhere is not known',
    )
  })

  it('in arrays of arrays are refused', () => {
    expect(() => resolveSchema({ fields: [{ name: 'A', type: '[][]int32', versions: '0+' }] })).toThrow(
      'arrays of arrays',
    )
  })

  it('may have two map keys, also ones that depend on the version', () => {
    const keys = [
      { name: 'Name', type: 'string', versions: '0', mapKey: true, ignorable: true },
      { name: 'Id', type: 'uuid', versions: '1+', mapKey: true, ignorable: true },
    ]
    const codec = compileSchema({
      validVersions: '0-1',
      fields: [{ name: 'Items', type: '[]Item', versions: '0+', fields: keys }],
    })
    expect(codec.encode({ items: [{ name: 'x' }, { name: 'x' }] })).toBe('00000002' + '000178' + '000178')
  })
})

describe('names', () => {
  it('that start in lower case are kept, and may not meet others', () => {
    expect(resolveSchema({ fields: [{ ...int32, name: 'timeoutMs' }] }).root.fields[0]?.name).toBe(
      'timeoutMs',
    )
    const both = [
      { ...int32, name: 'timeoutMs' },
      { ...int32, name: 'TimeoutMs' },
    ]
    expect(() => resolveSchema({ fields: both })).toThrow('two fields are called timeoutMs')
  })

  it('of keys that are not known are refused, with file and place', () => {
    expect(() => resolveSchema({ fields: [{ ...int32, colour: 'red' }] })).toThrow(
      /^Sample\.json: fields\.0: .*colour/,
    )
    expect(() => resolveText('{"type":"data","name":"Sample","validVersions":"0","mood":"good"}')).toThrow(
      /mood/,
    )
  })

  it('of fields that Kafka uses for version and reader do not meet the generated code’s own', () => {
    const names = ['version', 'flexible', 'writer', 'message', 'field', 'tagged', 'reader']
    const codec = compileSchema({
      validVersions: '0-1',
      flexibleVersions: '1+',
      fields: names.map((name) => ({ name, type: 'string', versions: '0+', nullableVersions: '0+' })),
    })
    const message = Object.fromEntries(names.map((name) => [name, name]))
    expect(codec.decode(codec.encode(message, 0), 0)).toEqual(message)
    expect(codec.decode(codec.encode(message, 1), 1)).toEqual(message)
  })
})

describe('fields that a version does not have', () => {
  const allow = { name: 'Allow', type: 'bool', versions: '1+', default: 'true', ignorable: false }

  it('are refused when set to something else than their default, with the versions that can carry them', () => {
    const codec = compileSchema({ validVersions: '0-3', fields: [{ ...allow, versions: '1-2' }] })
    expect(codec.encode({}, 0)).toBe('')
    expect(codec.encode({ allow: true }, 0)).toBe('')
    expect(() => codec.encode({ allow: false }, 0)).toThrow(
      "Field Sample.allow is set, but version 0 can't carry it: it needs version 1-2, or must be left out (Sample v0)",
    )
    expect(() => codec.encode({ allow: false }, 3)).toThrow(UnsupportedVersionError)
  })

  it('are left out when they are ignorable', () => {
    const codec = compileSchema({ validVersions: '0-1', fields: [{ ...allow, ignorable: true }] })
    expect(codec.encode({ allow: false }, 0)).toBe('')
    expect(codec.encode({ allow: false }, 1)).toBe('00')
    expect(codec.encode({}, 1)).toBe('01')
  })

  it.each<[string, Record<string, unknown>, unknown, unknown]>([
    ['an array', { type: '[]int32' }, [], [1]],
    ['a nullable array', { type: '[]int32', nullableVersions: '0+' }, [], null],
    [
      'an array that is null by default',
      { type: '[]int32', nullableVersions: '0+', default: 'null' },
      null,
      [],
    ],
    ['bytes', { type: 'bytes' }, Buffer.alloc(0), Buffer.alloc(1)],
    ['a uuid', { type: 'uuid' }, zeroUuid, 'AAAAAAAAAAAAAAAAAAAAAQ'],
    ['an int64', { type: 'int64' }, 0n, 1n],
    ['a struct', { type: 'Inner', fields: [int32] }, { a: 0 }, { a: 1 }],
  ])('know the default of %s', (_what, field, same, different) => {
    const codec = compileSchema({ validVersions: '0-1', fields: [{ name: 'A', versions: '1+', ...field }] })
    expect(codec.encode({ a: same }, 0)).toBe('')
    expect(() => codec.encode({ a: different }, 0)).toThrow(UnsupportedVersionError)
  })
})

describe('types', () => {
  it('uint16 holds ports above 32767', () => {
    const codec = compileSchema({ fields: [{ name: 'Port', type: 'uint16', versions: '0+' }] })
    expect(codec.encode({ port: 65535 })).toBe('ffff')
    expect(codec.decode('ffff')).toEqual({ port: 65535 })
    expect(() => codec.encode({ port: 65536 })).toThrow(InvalidArgumentError)
  })

  it('int64 keeps every digit', () => {
    const codec = compileSchema({ fields: [{ name: 'Offset', type: 'int64', versions: '0+' }] })
    expect(codec.decode(codec.encode({ offset: 9223372036854775807n }))).toEqual({
      offset: 9223372036854775807n,
    })
  })

  it('bytes are views, whatever zeroCopy says', () => {
    const codec = compileSchema({ fields: [{ name: 'B', type: 'bytes', versions: '0+', zeroCopy: true }] })
    expect(codec.encode({ b: new Uint8Array([1, 2]) })).toBe('000000020102')
    expect(codec.decode('000000020102')).toEqual({ b: Buffer.from([1, 2]) })
  })

  it('records may be null, and may come in pieces', () => {
    const codec = compileSchema({
      fields: [{ name: 'R', type: 'records', versions: '0+', nullableVersions: '0+' }],
    })
    expect(codec.encode({ r: null })).toBe('ffffffff')
    expect(codec.encode({ r: [Buffer.from([1]), Buffer.from([2])] })).toBe('000000020102')
    expect(codec.decode('ffffffff')).toEqual({ r: null })
  })

  it('that do not exist today are refused', () => {
    expect(() => resolveSchema({ fields: [{ name: 'A', type: 'uint32', versions: '0+' }] })).toThrow(
      'type uint32 is not known',
    )
  })

  it('without any field give a body of no bytes', () => {
    const codec = compileSchema({ validVersions: '0-1', flexibleVersions: '1+', fields: [] })
    expect(codec.encode({}, 0)).toBe('')
    expect(codec.decode('', 0)).toEqual({})
    expect(codec.encode({}, 1)).toBe('00')
  })

  it('without a value are refused instead of becoming a zero', () => {
    const codec = compileSchema({ fields: [int32] })
    expect(() => codec.encode({})).toThrow('Field Sample.a is missing: give it a value')
    expect(() => codec.encode({ a: null })).toThrow(
      'Field Sample.a is null, which this version does not allow',
    )
    expect(() => codec.encode({ a: undefined })).toThrow(InvalidArgumentError)
  })
})

describe('an unstable latest version', () => {
  it('has codecs but is not the maximum', () => {
    const common = { apiKey: 22, validVersions: '0-6', flexibleVersions: '2+', fields: [] }
    const definitions = readDefinitions([
      [
        'XRequest.json',
        JSON.stringify({ ...common, type: 'request', name: 'XRequest', latestVersionUnstable: true }),
      ],
      ['XResponse.json', JSON.stringify({ ...common, type: 'response', name: 'XResponse' })],
    ])
    const [request, response] = definitions.map(resolveMessage)
    if (!request || !response) throw new Error('both have versions')
    const code = emitApiModule('client', request, response, 'a test')
    expect(code).toContain('maxVersion: 5,')
    expect(code).toContain('unstableMaxVersion: 6,')
    expect(code).toContain("checkVersion('XRequest', version, 0, 6)")
  })
})
