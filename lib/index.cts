// `require('up-server')` gives the callable itself, with everything else as its properties.
import type * as api from './index.js' with { 'resolution-mode': 'import' }

const { up, ...names } = require('./index.js') as typeof api
const callable = Object.assign(up, names, { up, default: up })

// The types, as `up.UpOptions`.
// eslint-disable-next-line @typescript-eslint/no-namespace -- the only way beside `export =`
declare namespace callable {
  export type Balance = api.Balance
  export type Candidate = api.Candidate
  export type ChooseWorker = api.ChooseWorker
  export type AppConfig = api.AppConfig
  export type ConfigContext = api.ConfigContext
  export type ConfigFunction = api.ConfigFunction
  export type DistributorOptions = api.DistributorOptions
  export type DistributorRequest = api.DistributorRequest
  export type Duration = api.Duration
  export type ErrorCode = api.ErrorCode
  export type HttpErrorMiddleware = api.HttpErrorMiddleware
  export type HttpMiddleware = api.HttpMiddleware
  export type MasterConfig = api.MasterConfig
  export type Next = api.Next
  export type PolicyName = api.PolicyName
  export type ProxyConfig = api.ProxyConfig
  export type ReloadResult = api.ReloadResult
  export type ServerStatus = api.ServerStatus
  export type StickyKey = api.StickyKey
  export type StickyOptions = api.StickyOptions
  export type UpConfig = api.UpConfig
  export type UpOptions = api.UpOptions
  export type UpServerEvents = api.UpServerEvents
  export type WorkerStatus = api.WorkerStatus
  export type WsErrorMiddleware = api.WsErrorMiddleware
  export type WsMiddleware = api.WsMiddleware
}

export = callable
