// The services for keys behind the guard, with a signer that does what a test says, and callers that differ in their rights.
// Must never reach a service but through the guard: whom it lets in is half of what is tested.
import { startAuthority, type Started, UNIX } from "../authority/authority_testkit.ts";
import type { Peer } from "../grpc/conn.ts";
import { readCertificate } from "../pki/certificate.ts";
import { MANY_NAMES } from "../pki/certificate_testkit.ts";
import { readPem } from "../pki/pem.ts";
import { serviceDefinition } from "../proto/mod.ts";
import type { Signer } from "../signer/signer.ts";
import { signerThat } from "../signer/testkit.ts";
import { BACKUP_SERVICE, backupService } from "./backup.ts";
import { KEYED_CRYPTO_SERVICE } from "./health.ts";
import { keyedCryptoService } from "./keyed_crypto.ts";
import { KEYS_SERVICE, keysService } from "./keys.ts";
import { PageTokens } from "./page_token.ts";
import { SEALING_SERVICE, sealingService } from "./sealing.ts";

const der = readPem(MANY_NAMES.pem, "CERTIFICATE")[0];
const { names } = readCertificate(der);

/** Whoever comes by TLS; what it may, `keys` and `role` say. */
export const TLS_NAME = names[0];
const TLS: Peer = {
  transport: "tcp",
  address: "tcp://192.0.2.7:1",
  tls: { version: "TLSv1.3", clientCertificate: der },
};

export interface KeyedServices extends Started {
  /** A caller by TLS with those rights. */
  byTls(keys: string[], role?: "user" | "operator"): ReturnType<Started["channel"]>;
  byUnix(): ReturnType<Started["channel"]>;
}

export async function startKeyedServices(does: Partial<Signer>): Promise<KeyedServices> {
  const started = await startAuthority();
  const { authority, server, events } = started;
  // The first administrator was enrolled, which isn't what these tests are about.
  events.length = 0;
  const guarded = authority.guard(server);
  const parts = {
    signer: signerThat(does),
    now: Date.now,
    pageTokens: new PageTokens(),
    denied: authority.denied,
    emit: (kind: Started["events"][number]["kind"], message: string) => void events.push({ kind, message }),
  };
  guarded.addService(serviceDefinition(KEYED_CRYPTO_SERVICE), keyedCryptoService(parts));
  guarded.addService(serviceDefinition(KEYS_SERVICE), keysService(parts));
  guarded.addService(serviceDefinition(BACKUP_SERVICE), backupService(parts));
  guarded.addService(serviceDefinition(SEALING_SERVICE), sealingService(parts));
  return {
    ...started,
    byTls(keys, role = "user") {
      authority.setRules({ defaultKeys: [], identities: [{ san: TLS_NAME, role, keys }] });
      return started.channel(TLS);
    },
    byUnix: () => started.channel(UNIX),
  };
}
