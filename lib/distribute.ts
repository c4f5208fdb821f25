export type { Next } from './distributor/chain.js'
export { distribute, distribute as default, type Distribute } from './distributor/distribute.js'
export {
  Distributor,
  type DistributorOptions,
  type DistributorRequest,
  type HttpErrorMiddleware,
  type HttpMiddleware,
  type ProxiedServer,
  type WsErrorMiddleware,
  type WsFacade,
  type WsMiddleware
} from './distributor/distributor.js'
export { OptionError, UpError, UpstreamError, type ErrorCode } from './errors.js'
