// Guards the name brokers show: they refuse a connection whose client name has other characters.
import { readFileSync } from 'node:fs'
import { clientSoftware, sanitiseSoftwareName } from '../../../src/network/client-software'

test('has the version of the package', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(clientSoftware.version).toBe(manifest.version)
})

test.each([
  ['1.2.3-beta.1', '1.2.3-beta.1'],
  ['1.2.3+build', '1.2.3-build'],
  ['-x-', 'x'],
  ['__', 'unknown'],
])('turns %p into %p', (given, kept) => {
  expect(sanitiseSoftwareName(given)).toBe(kept)
  expect(kept).toMatch(/^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/)
})
