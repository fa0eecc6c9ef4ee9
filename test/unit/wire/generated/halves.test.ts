// Guards against client bundles that carry the broker's half of the protocol, and the reverse.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const source = join(__dirname, '..', '..', '..', '..', 'src')
const generated = join(source, 'wire', 'generated')

function imports(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1] as string)
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

describe('generated modules', () => {
  it.each([
    ['client', 80],
    ['broker', 81],
  ])(
    'of the %s’s half import primitives, types and each other in the registries, nothing else',
    (half, count) => {
      const files = filesBelow(join(generated, half))
      expect(files).toHaveLength(count)
      for (const file of files) {
        const allowed = /(all-apis|apis-by-name)\.ts$/.test(file)
          ? /^\.\/[a-z-]+$|^\.\.\/\.\.\/api$/
          : /^\.\.\/\.\.\/(primitives\/[a-z-]+|api)$/
        for (const from of imports(file)) expect(from).toMatch(allowed)
      }
    },
  )

  it('of the broker’s half, and the registries, are imported by the test doubles only', () => {
    const outside = filesBelow(source).filter(
      (file) => !file.startsWith(generated) && !file.startsWith(join(source, 'testing')),
    )
    const offenders = outside.filter((file) =>
      imports(file).some((from) => /generated\/broker\/|\/all-(apis|codecs)$/.test(from)),
    )
    expect(offenders).toEqual([])
  })
})
