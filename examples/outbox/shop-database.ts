import type { Database } from 'node-sqlite3-wasm'
import sqlite from 'node-sqlite3-wasm'
import type { Outbox, OutboxRow } from './outbox-relay'

/** The database of a shop: orders, and an outbox with the news of them. SQLite stands for any database. */
export class ShopDatabase implements Outbox {
  readonly #sqlite: Database

  constructor(file: string) {
    this.#sqlite = new sqlite.Database(file)
    // AUTOINCREMENT, since a row must never get the id of one that was deleted: it would be taken for published.
    this.#sqlite.exec(`
      CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, payload TEXT NOT NULL
      );
    `)
  }

  /** Writes the order and the news of it in one transaction: both are stored, or neither. */
  placeOrder(customer: string, amount: number): void {
    this.#sqlite.exec('BEGIN IMMEDIATE')
    try {
      const placed = this.#sqlite.run('INSERT INTO orders (customer, amount) VALUES (?, ?)', [
        customer,
        amount,
      ])
      const payload = JSON.stringify({ order: Number(placed.lastInsertRowid), amount })
      this.#sqlite.run('INSERT INTO outbox (key, payload) VALUES (?, ?)', [customer, payload])
      this.#sqlite.exec('COMMIT')
    } catch (error) {
      this.#sqlite.exec('ROLLBACK')
      throw error
    }
  }

  orderIds(): number[] {
    return this.#sqlite.all('SELECT id FROM orders ORDER BY id').map(({ id }) => Number(id))
  }

  rowsAfter(position: number, limit: number): OutboxRow[] {
    return this.#sqlite
      .all('SELECT id, key, payload FROM outbox WHERE id > ? ORDER BY id LIMIT ?', [position, limit])
      .map(({ id, key, payload }) => ({ id: Number(id), key: String(key), payload: String(payload) }))
  }

  deleteUpTo(position: number): void {
    this.#sqlite.run('DELETE FROM outbox WHERE id <= ?', [position])
  }

  close(): void {
    this.#sqlite.close()
  }
}
