export type { Next } from './distributor/chain.js'
export { distribute, distribute as default, type Distribute } from './distributor/distribute.js'
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
export { OptionError, UpError, UpstreamError, type ErrorCode } from './errors.js'
