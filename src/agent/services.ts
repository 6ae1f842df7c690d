// Which services a server of this agent has: the one place that adds them.
import type { Server } from "../grpc/server.ts";
import { serviceDefinition } from "../proto/mod.ts";
import { cryptoService } from "../services/crypto.ts";
import { echoService } from "../services/echo.ts";
import { eventsService } from "../services/events.ts";
import { CRYPTO_SERVICE, ECHO_SERVICE } from "../services/health.ts";
import { addReflection } from "../services/reflection.ts";
import { statusService } from "../services/status.ts";
import type { Config } from "./config/mod.ts";
import type { Parts } from "./parts.ts";
import { statusReport, type StatusSources } from "./status_report.ts";

/** What only the agent as a whole knows of itself. */
export type AgentView = Pick<StatusSources, "doors" | "edgeAddresses" | "configVersion">;

/**
 * Adds every service.
 * @param config that of the server's own generation: what is fixed when a service is made
 */
export function addServices(server: Server, parts: Parts, config: Config, view: AgentView): void {
  const { signer, now } = parts;
  server.addService(serviceDefinition(ECHO_SERVICE), echoService(now));
  server.addService(
    serviceDefinition(CRYPTO_SERVICE),
    cryptoService({ signer, now, compat: config.compat }),
  );
  server.addService(
    serviceDefinition("gatehouse.v1.Status"),
    statusService(() => statusReport({ ...parts, ...view })),
  );
  server.addService(serviceDefinition("gatehouse.v1.Events"), eventsService(parts.events));
  parts.health.addToServer(server);
  if (config.reflection.enabled) addReflection(server);
}
