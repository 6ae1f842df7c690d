// What the rest of the agent may use of the log.
export { type CallLog, callLogger, type CallLogOptions, type CallRecord } from "./call_log.ts";
export type { Fields } from "./form.ts";
export { type Level, LEVELS, type LineLevel } from "./level.ts";
export { createLog, type Log, type LogFormat, type Logger, type LogLevels, type LogOptions } from "./log.ts";
export { errorText } from "./value.ts";
