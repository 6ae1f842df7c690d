// What `gatehouse serve` says when it serves: where, and what to type to call it.
import { print, printJson } from "./output.ts";
import type { ServeCredentials } from "./serve_credentials.ts";

/** Where it listens, with the ports that the kernel chose. */
export interface ServedAddresses {
  readonly addresses: readonly string[];
  /** For HTTP. */
  readonly gateway: readonly string[];
}

export interface Ready extends ServedAddresses, Omit<ServeCredentials, "dir"> {
  readonly state: string;
  /** What opens the backups, where it was made here. */
  readonly recoveryKey?: string;
}

/** One flat object as JSON, so that a script finds its end at the first brace. */
export function tellReady(ready: Ready, json: boolean): void {
  const { addresses, gateway, state, recoveryKey, caller, adminKey } = ready;
  if (json) {
    return printJson({
      ready: true,
      addresses,
      gateway,
      state,
      tls_ca: caller?.ca,
      tls_cert: caller?.certificate,
      tls_key: caller?.privateKey,
      admin_key: adminKey,
      recovery_key: recoveryKey,
    });
  }
  print(`Gatehouse ready: ${addresses.join(", ")} (keys in ${state}, Ctrl-C ends it)`);
  if (gateway.length > 0) print(`HTTP (REST, gRPC-Web, metrics, the page): ${gateway.join(", ")}`);
  const tls = addresses.find((address) => address.startsWith("tls://"));
  if (tls !== undefined && caller !== undefined) {
    print("\nBy TLS, with the certificate that was made for you:");
    print(
      `  gatehouse echo hello --server ${
        tls.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:")
      } \\`,
    );
    print(`    --ca ${caller.ca} --cert ${caller.certificate} --key ${caller.privateKey}`);
  }
  const local = addresses.find((address) => /^(unix|vsock):/.test(address));
  if (adminKey === undefined) return;
  if (local === undefined) {
    print(
      `\nThe administrator's key is ${adminKey}; administration takes a unix: or vsock: address to listen on.`,
    );
  } else {
    print("\nTo administrate it:");
    const administrator = `--server ${local} --admin-key ${adminKey}`;
    print(`  gatehouse admins list ${administrator}`);
    if (recoveryKey === undefined) return;
    print(`\nTo save its keys, and to put them into another one; keep a copy of ${recoveryKey} elsewhere:`);
    print(`  gatehouse backup create -o keys.age ${administrator}`);
    print(`  gatehouse restore keys.age --identity ${recoveryKey} --server … --admin-key …`);
  }
}
