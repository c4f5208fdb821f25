import { fileURLToPath } from 'node:url'

/** `?bytes=N` is answered with so many bytes. The configurations know `/stream/` too. */
export const DOWNLOAD_PATH = '/stream/download'
/** A POST is answered with the number of bytes that came. */
export const UPLOAD_PATH = '/stream/upload'

/** A file of bench/hop that is not compiled. */
export function sourceFile(name: string): string {
  return fileURLToPath(new URL(`../../../bench/hop/${name}`, import.meta.url))
}
