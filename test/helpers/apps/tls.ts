import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../../test/fixtures/tls/', import.meta.url))

/** Where an app with TLS finds what it needs, as variables. */
export const TLS = { TLS_KEY: `${FOLDER}key.pem`, TLS_CERT: `${FOLDER}cert.pem` }
