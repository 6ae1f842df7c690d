// The public face of the HTTP/2 engine: import from here, not from its files.
export { Connection } from "./connection.ts";
export type { ConnectionEvents, HeaderList, HeadersKind, Http2Config, Role } from "./connection.ts";
export { headerListBytes } from "./events.ts";
export { ErrorCode, errorName, Http2Error } from "./errors.ts";
export type { ErrorOrigin } from "./errors.ts";
