import type { Row, RowName } from './row.js'
import { CLOSE_ROW } from './rows/close-row.js'
import { IDLE_ROW } from './rows/idle-row.js'
import { STREAM_ROWS } from './rows/stream-rows.js'
import { WEBSOCKET_ROW } from './rows/websocket-row.js'
import { WRK_ROWS } from './rows/wrk-rows.js'

export const ROWS: readonly Row[] = [...WRK_ROWS, CLOSE_ROW, ...STREAM_ROWS, WEBSOCKET_ROW, IDLE_ROW]

export const ROW_NAMES: readonly RowName[] = ROWS.map(({ name }) => name)
