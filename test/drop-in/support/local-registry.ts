import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

interface Packed {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly integrity: string
  readonly shasum: string
}

/**
 * A registry of npm that has nothing but the packages of some folders, packed as they would be published. What else is asked
 * for does not exist, so an installation from here shows what it needs.
 */
export class LocalRegistry {
  readonly #server: Server
  readonly #packed = new Map<string, Packed & { readonly manifest: object }>()
  readonly #place: string

  /** @param place a folder for the packed files */
  constructor(place: string) {
    this.#place = place
    this.#server = createServer((request, response) => {
      const answer = this.#answer(decodeURIComponent(request.url ?? '').slice(1))
      response.statusCode = answer === null ? 404 : 200
      response.end(answer ?? '{}')
    })
  }

  /** Packs the packages, and begins to serve them. */
  async start(folders: readonly string[]): Promise<void> {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.#place, ...folders]
    const output = execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const packed = JSON.parse(output) as Packed[]
    for (const [index, each] of packed.entries()) {
      const manifest = JSON.parse(readFileSync(join(folders[index] ?? '', 'package.json'), 'utf8')) as object
      this.#packed.set(each.name, { ...each, manifest })
    }
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(path: string): string | Buffer | null {
    for (const { name, version, filename, integrity, shasum, manifest } of this.#packed.values()) {
      if (path === filename) return readFileSync(join(this.#place, filename))
      if (path !== name) continue
      const dist = { tarball: `${this.url}${filename}`, integrity, shasum }
      const versions = { [version]: { ...manifest, name, version, dist } }
      return JSON.stringify({ name, 'dist-tags': { latest: version }, versions })
    }
    return null
  }
}
