export { ready } from './child/ready.js'
export {
  defineConfig,
  type AppConfig,
  type ConfigContext,
  type ConfigFunction,
  type MasterConfig,
  type ProxyConfig,
  type UpConfig
} from './config/define-config.js'
export type { Next } from './distributor/chain.js'
export { Distributor } from './distributor/distributor.js'
export type {
  DistributorOptions,
  DistributorRequest,
  HttpErrorMiddleware,
  HttpMiddleware,
  ProxiedServer,
  WsErrorMiddleware,
  WsFacade,
  WsMiddleware
} from './distributor/middleware.js'
export { OptionError, ReloadError, UpError, UpstreamError, WorkerError, type ErrorCode } from './errors.js'
export type { AccessEntry, AccessLog } from './options/access-entry.js'
export type {
  Balance,
  Candidate,
  ChooseWorker,
  PolicyName,
  StickyKey,
  StickyOptions
} from './options/balance.js'
export type { Duration } from './options/duration.js'
export type { HoldAnswer, HoldResponse } from './options/hold-response.js'
export type { OnOutput, OutputLine } from './options/output.js'
export type { Strategy, UpOptions, WorkerBind } from './options/options.js'
export type { ServingOptions, TrustProxy } from './options/serving.js'
export type { WorkerCount } from './options/worker-count.js'
export type { ProxyOptions } from './options/proxy-options.js'
export type { UpstreamTarget } from './options/upstream.js'
export type { UpstreamState, UpstreamStatus } from './external/external-upstream.js'
export type { DrainResult, Upstreams } from './external/upstreams.js'
export type {
  AnswerStatus,
  AutoAbort,
  CanaryStatus,
  BackendFigures,
  HoldStatus,
  PauseOptions,
  PauseResult,
  ProxyServerEvents,
  ProxyStatus,
  ReloadOptions,
  ReloadResult,
  ResumeOptions,
  ServerState,
  ServerStatus,
  ShutBy,
  StandbyStatus,
  TrafficStatus,
  UpServerEvents,
  UpstreamFigures,
  WorkerStatus
} from './server/api.js'
export { ProxyServer } from './server/proxy-server.js'
export type { ReloadCallback } from './server/reloader.js'
export { up, up as default, version, type Up } from './server/up.js'
export { UpServer } from './server/up-server.js'
export { Worker, type ReadyState } from './worker/worker.js'
