// Guards what jest runs: a test of yesterday's code, because the key of a compiled file forgot something, proves nothing.
import { createRequire } from 'node:module'

interface Transformer {
  getCacheKey(
    source: string,
    file: string,
    options: { config: { rootDir: string }; instrument: boolean },
  ): string
  process(source: string, file: string): { code: string; map: string }
}

const { createTransformer } = createRequire(__filename)('../../support/typescript-transformer.cjs') as {
  createTransformer(options: { tsconfig: string }): Transformer
}
const transformer = createTransformer({ tsconfig: 'tsconfig.jest.json' })
const options = { config: { rootDir: '/project' }, instrument: false }

test('compiles to CommonJS with a map to the source, whatever the types say', () => {
  const source = 'interface A { a: number }\nexport const one: A = { a: "no number" }\n'
  const { code, map } = transformer.process(source, '/project/src/one.ts')
  expect(code).toContain('exports.one = { a: "no number" }')
  expect(code).not.toContain('sourceMappingURL')
  expect(JSON.parse(map)).toMatchObject({ sources: ['one.ts'], sourcesContent: [source] })
})

test('what was compiled before is used again for the same file with the same text only', () => {
  const key = transformer.getCacheKey('1', '/project/a.ts', options)
  expect(transformer.getCacheKey('1', '/project/a.ts', options)).toBe(key)
  expect(transformer.getCacheKey('1', '/moved/a.ts', { ...options, config: { rootDir: '/moved' } })).toBe(key)
  const others = [
    transformer.getCacheKey('2', '/project/a.ts', options),
    transformer.getCacheKey('1', '/project/b.ts', options),
    transformer.getCacheKey('1', '/project/a.ts', { ...options, instrument: true }),
    createTransformer({ tsconfig: 'tsconfig.json' }).getCacheKey('1', '/project/a.ts', options),
  ]
  expect(new Set([key, ...others]).size).toBe(5)
})

test('all versions of Node share what one of them compiled', () => {
  const key = transformer.getCacheKey('1', '/project/a.ts', options)
  const version = Object.getOwnPropertyDescriptor(process, 'version') ?? { configurable: true }
  Object.defineProperty(process, 'version', { ...version, value: 'v99.0.0' })
  const other = createTransformer({ tsconfig: 'tsconfig.jest.json' }).getCacheKey(
    '1',
    '/project/a.ts',
    options,
  )
  Object.defineProperty(process, 'version', version)
  expect(other).toBe(key)
})
