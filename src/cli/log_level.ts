// gatehouse log-level: how much the agent's log says, by component, while it runs.
import type { Command } from "commander";
import { LEVELS } from "../agent/log/level.ts";
import type { LogLevels, SetLogLevelRequestInit } from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action } from "./command.ts";
import { print, printJson, table } from "./output.ts";

/** Every component. */
const ALL = "all";
/** As the configuration says. */
const CONFIGURED = "configured";

export function register(program: Command): void {
  adminOptions(program.command("log-level"))
    .summary("how much the agent's log says, by component; or say it")
    .argument("[component]", `one of those that are listed, or ${ALL}`)
    .argument("[level]", `${LEVELS.join(", ")}, or ${CONFIGURED} to take it back`)
    .addHelpText(
      "after",
      `
What is set here holds until the agent starts again or takes another configuration; log.level there is for good.

Examples:
  gatehouse log-level
  gatehouse log-level connections debug
  gatehouse log-level all warn
  gatehouse log-level all configured`,
    )
    .action(
      action(
        async (
          { json, signal },
          component: string | undefined,
          level: string | undefined,
          options: AdminOptions,
        ) => {
          checkLevel(level);
          await withAdmin(options, signal, async (client) => {
            const levels = level === undefined
              ? await client.unary<object, LogLevels>("/gatehouse.v1.Diagnostics/GetLogLevels", {})
              : await client.unary<SetLogLevelRequestInit, LogLevels>(
                "/gatehouse.v1.Diagnostics/SetLogLevel",
                {
                  component: component === ALL ? "" : component,
                  level: level === CONFIGURED ? "" : level,
                },
              );
            const shown = levels.components.filter(({ name }) =>
              component === undefined || component === ALL || name === component
            );
            if (shown.length === 0) {
              throw new GatehouseError(
                "bad-argument",
                `there is no component ${JSON.stringify(component)}`,
                `name one of these: ${levels.components.map(({ name }) => name).join(", ")}`,
              );
            }
            if (json) return printJson({ configured: levels.configured, components: shown });
            print(table([
              ["component", "level", ""],
              ...shown.map((
                { name, level, changed },
              ) => [name, level, changed ? `(configured: ${levels.configured})` : ""]),
            ]));
          });
        },
      ),
    );
}

function checkLevel(level: string | undefined): void {
  if (level === undefined || level === CONFIGURED || (LEVELS as readonly string[]).includes(level)) return;
  throw new GatehouseError(
    "bad-argument",
    `${JSON.stringify(level)} is no level of the log`,
    `write one of ${LEVELS.join(", ")}, or ${CONFIGURED}`,
  );
}
