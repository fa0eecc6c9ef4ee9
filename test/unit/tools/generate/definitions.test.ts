// Guards against a definition set that is not the one the generator was written for, and against tests that miss fields of it.
import { deflateRawSync } from 'node:zlib'
import { loadDefinitions } from '../../../../tools/generate/definitions'
import { unreachedFields } from '../../../../tools/generate/coverage'
import { checkInventory, expectedInventory, takeInventory } from '../../../../tools/generate/inventory'
import { resolveMessage } from '../../../../tools/generate/resolve'
import { readZip } from '../../../../tools/generate/zip'
import { loadVectors } from '../../../golden/messages/vectors'
import { describeWithJava } from '../../../kafka/support/require-java'
import { resolveSchema } from './compile-schema'

describeWithJava('the definitions of the pinned jar', () => {
  jest.setTimeout(300_000)

  it('have the figures that are known of them', async () => {
    expect(takeInventory(await loadDefinitions())).toEqual(expectedInventory)
  })

  it('have no field, in any version, that no golden vector reaches', async () => {
    const vectors = loadVectors()
    const names = new Set(vectors.map(({ message }) => message))
    const messages = (await loadDefinitions()).flatMap((definition) => resolveMessage(definition) ?? [])
    const covered = messages.filter(({ name }) => names.has(name))
    expect(covered).toHaveLength(79 * 2 + 13)
    expect(unreachedFields(covered, vectors)).toEqual([])
  })
})

describe('an inventory that differs', () => {
  it('is refused with every figure that is not as expected', () => {
    const actual = {
      ...expectedInventory,
      fields: 1676,
      files: { request: 96, response: 95, header: 2, data: 11 },
    }
    expect(() => checkInventory(actual, expectedInventory)).toThrow(
      /files .*"request":96.* instead of .*; fields 1676 instead of 1675/,
    )
  })
})

describe('a set of vectors', () => {
  const message = resolveSchema({
    validVersions: '0-1',
    fields: [
      {
        name: 'Items',
        type: '[]Item',
        versions: '0+',
        fields: [{ name: 'A', type: 'int8', versions: '1+' }],
      },
    ],
  })

  it('misses a field when no array has an element in that version', () => {
    const vectors = [
      { message: 'Sample', version: 0, json: { items: [{}] } },
      { message: 'Sample', version: 1, json: { items: [] } },
    ]
    expect(unreachedFields([message], vectors)).toEqual(['Sample v1 .items.a'])
    expect(
      unreachedFields(
        [message],
        [...vectors, { message: 'Sample', version: 1, json: { items: [{ a: 1 }] } }],
      ),
    ).toEqual([])
  })
})

describe('a jar', () => {
  /** A zip archive of one file. */
  function zip(name: string, content: Buffer, method: number): Buffer {
    const packed = method === 8 ? deflateRawSync(content) : content
    const local = Buffer.alloc(30 + name.length)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(name.length, 26)
    local.write(name, 30)
    const entry = Buffer.alloc(46 + name.length)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt16LE(name.length, 28)
    entry.write(name, 46)
    const end = Buffer.alloc(22)
    end.writeUInt32LE(0x06054b50, 0)
    end.writeUInt16LE(1, 10)
    end.writeUInt32LE(local.length + packed.length, 16)
    return Buffer.concat([local, packed, entry, end])
  }

  it.each([0, 8])('gives files packed by method %i', (method) => {
    const archive = zip('common/a.json', Buffer.from('{"a":1}'), method)
    expect(
      readZip(archive, () => true)
        .get('common/a.json')
        ?.toString(),
    ).toBe('{"a":1}')
    expect(readZip(archive, (name) => name.endsWith('.txt')).size).toBe(0)
  })

  it('that is no archive, or packed in another way, is refused', () => {
    expect(() => readZip(Buffer.alloc(100), () => true)).toThrow('Not a zip archive')
    expect(() => readZip(zip('a', Buffer.alloc(1), 12), () => true)).toThrow('a is packed by method 12')
  })
})
