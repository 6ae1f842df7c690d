// Which services a server of this agent has: the one place that adds them.
import type { Server } from "../grpc/server.ts";
import { serviceDefinition } from "../proto/mod.ts";
import { ACCESS_SERVICE, accessService } from "../services/access.ts";
import { ADMINS_SERVICE, adminsService } from "../services/admins.ts";
import { BACKUP_SERVICE, backupService } from "../services/backup.ts";
import { CONFIG_SERVICE, configService } from "../services/config.ts";
import { cryptoService } from "../services/crypto.ts";
import { DIAGNOSTICS_SERVICE, diagnosticsService } from "../services/diagnostics.ts";
import { echoService } from "../services/echo.ts";
import { eventsService } from "../services/events.ts";
import { CRYPTO_SERVICE, ECHO_SERVICE, KEYED_CRYPTO_SERVICE } from "../services/health.ts";
import { keyedCryptoService } from "../services/keyed_crypto.ts";
import { KEYS_SERVICE, keysService } from "../services/keys.ts";
import { addReflection } from "../services/reflection.ts";
import { SEALING_SERVICE, sealingService } from "../services/sealing.ts";
import { statusService } from "../services/status.ts";
import type { Config } from "./config/mod.ts";
import type { Parts } from "./parts.ts";
import { statusReport, type StatusSources } from "./status_report.ts";

/** What only the agent as a whole knows of itself. */
export type AgentView = Pick<StatusSources, "doors" | "edge" | "configVersion" | "uptimeMs">;

/**
 * Adds every service.
 * @param config that of the server's own generation: what is fixed when a service is made
 */
export function addServices(server: Server, parts: Parts, config: Config, view: AgentView): void {
  const { authority, signer, now, emit, pageTokens } = parts;
  const { denied } = authority;
  // Whatever is served stands behind the table of who may call what.
  const guarded = authority.guard(server);
  guarded.addService(serviceDefinition(ECHO_SERVICE), echoService(now));
  guarded.addService(
    serviceDefinition(CRYPTO_SERVICE),
    cryptoService({ signer, now, compat: config.compat, denied }),
  );
  guarded.addService(
    serviceDefinition(KEYED_CRYPTO_SERVICE),
    keyedCryptoService({ signer, now, denied }),
  );
  guarded.addService(serviceDefinition(KEYS_SERVICE), keysService({ signer, now, emit, pageTokens }));
  guarded.addService(serviceDefinition(BACKUP_SERVICE), backupService({ signer, now, emit }));
  guarded.addService(serviceDefinition(SEALING_SERVICE), sealingService({ signer, now, emit }));
  guarded.addService(
    serviceDefinition("gatehouse.v1.Status"),
    statusService({
      report: () => statusReport({ ...parts, ...view }),
      metrics: (format) => parts.metrics.text(format),
    }),
  );
  guarded.addService(serviceDefinition("gatehouse.v1.Events"), eventsService(parts.events));
  guarded.addService(serviceDefinition(ACCESS_SERVICE), accessService(authority.nonces, parts.instanceId));
  guarded.addService(serviceDefinition(ADMINS_SERVICE), adminsService(authority.admins));
  guarded.addService(serviceDefinition(CONFIG_SERVICE), configService(parts.control));
  guarded.addService(serviceDefinition(DIAGNOSTICS_SERVICE), diagnosticsService(parts));
  parts.health.addToServer(guarded);
  if (config.reflection.enabled) addReflection(guarded);
}
