import { createAppServer } from './app-server.js'

// Up's workers know themselves when to say `Connection: close`.
export default createAppServer()
