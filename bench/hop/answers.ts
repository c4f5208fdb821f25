/** What `/` is answered with. */
export const HELLO = 'Hello, world!\n'
/** `?bytes=N` is answered with so many bytes. The configurations know `/stream/` too. */
export const DOWNLOAD_PATH = '/stream/download'
/** A POST is answered with the number of bytes that came. */
export const UPLOAD_PATH = '/stream/upload'
