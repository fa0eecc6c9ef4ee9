import { DecodeError } from '../../base/errors'
import type { RecordCursor } from './record-cursor'

/** What a control record says. Numbers this client does not know are passed over. */
export const controlTypes = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6,
} as const

/** The key of a control record, and for transaction markers what stands in its value. */
export interface ControlRecord {
  readonly version: number
  /** One of `controlTypes`, or a number that came later. */
  readonly type: number
  /** Epoch of the transaction coordinator that wrote the marker; -1 for other types. */
  readonly coordinatorEpoch: number
}

/** Reads the control record at which the cursor of a control batch stands. Throws DecodeError on malformed bytes. */
export function readControlRecord(cursor: RecordCursor): ControlRecord {
  const key = cursor.key()
  if (key === null || key.length < 4) {
    throw new DecodeError(`Malformed control record at log offset ${cursor.offset}: its key is too short`)
  }
  const version = key.readInt16BE(0)
  if (version < 0) {
    throw new DecodeError(`Malformed control record at log offset ${cursor.offset}: key version ${version}`)
  }
  const type = key.readInt16BE(2)
  if (type !== controlTypes.abort && type !== controlTypes.commit)
    return { version, type, coordinatorEpoch: -1 }
  const value = cursor.value()
  if (value === null || value.length < 6) {
    throw new DecodeError(
      `Malformed transaction marker at log offset ${cursor.offset}: its value is too short`,
    )
  }
  return { version, type, coordinatorEpoch: value.readInt32BE(2) }
}

/** Key and value of the marker that ends a transaction, as a broker writes them. */
export function encodeTransactionMarker(
  committed: boolean,
  coordinatorEpoch: number,
): { key: Buffer; value: Buffer } {
  const key = Buffer.alloc(4)
  key.writeInt16BE(committed ? controlTypes.commit : controlTypes.abort, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  return { key, value }
}
