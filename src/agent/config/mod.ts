// What the rest of the product may use of the configuration.
export { checkConfig, loadConfig, MAX_CONFIG_UNITS } from "./config.ts";
export { ConfigError, formatProblem, type Problem } from "./problem.ts";
export { configReference } from "./markdown.ts";
export type { Config } from "./schema.ts";
export { setKey } from "./set_key.ts";
