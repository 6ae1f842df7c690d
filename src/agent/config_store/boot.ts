// Which configuration an agent starts with: the one that was in force, unless the operator starts it with another
// file than the last time. Must never start on a version that nobody confirmed.
import { createHash } from "node:crypto";
import { isOlder } from "../../pki/revocation_list.ts";
import { EventKind } from "../../proto/mod.ts";
import { loadConfig } from "../config/mod.ts";
import type { EmitEvent } from "../event_sink.ts";
import { errorText, type Logger } from "../log/mod.ts";
import type { TlsFiles } from "./applier.ts";
import { hasTls, sameTls } from "./change_check.ts";
import type { Content } from "./live_parts.ts";
import type { ConfigStore } from "./store.ts";
import { checkTls } from "./tls_check.ts";
import { BOOTSTRAP, REVERT, type StoredVersion, type StoreState } from "./version.ts";

/** What the operator starts the agent with. */
export interface Given {
  /** Undefined: no file was named. */
  readonly toml?: string;
  /** For messages. */
  readonly fileName: string;
  /** Undefined: no credential was given. */
  readonly tls?: TlsFiles;
}

export interface BootOptions {
  readonly store: ConfigStore;
  readonly given: Given;
  readonly log: Logger;
  readonly emit: EmitEvent;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Bad TLS material is an error; else it is left out, for the rest of the appliance is to come up. */
  readonly strict: boolean;
}

/**
 * ```text
 * nothing kept yet              -> version 1: what was given
 * given differs from last time  -> a new version of it, the other parts as they were
 * a version waits               -> a new version with the content before it
 * else                          -> the version in force
 * ```
 * @throws {ConfigError} when the given file is wrong; Error for given TLS material when `strict`
 */
export async function bootConfig(options: BootOptions): Promise<{ content: Content; state: StoreState }> {
  const { store, given, log, emit, now } = options;
  const { state } = store;
  const seen = { toml: digest(given.toml), tls: digest(given.tls && tlsText(given.tls)) };
  const news = { toml: differs(seen.toml, state?.seen.toml), tls: differs(seen.tls, state?.seen.tls) };
  const base = keptContent(options);

  const toml = (news.toml ? given.toml : undefined) ?? base?.toml ?? "";
  const config = loadConfig(
    toml,
    news.toml || base === undefined ? given.fileName : `version ${base.version}`,
  );
  let tls = base?.tls ?? {};
  if (news.tls && given.tls !== undefined) {
    const problems = checkTls(given.tls, hasTls(config)).map(({ field, description }) =>
      `${field}: ${description}`
    );
    if (problems.length === 0) tls = withNewerRevocations(given.tls, tls, log);
    else if (options.strict) throw new Error(`TLS material: ${problems.join("; ")}`);
    else {
      log.error("the given TLS material is not taken", { problems });
      seen.tls = state?.seen.tls ?? null; // it is looked at again at the next start
    }
  }

  const unchanged = base !== undefined && base.version === state?.current && state.pending === null &&
    base.toml === toml && sameTls(base.tls, tls);
  const nowSeen = { toml: seen.toml ?? state?.seen.toml ?? null, tls: seen.tls ?? state?.seen.tls ?? null };
  if (unchanged) {
    const same = nowSeen.toml === state.seen.toml && nowSeen.tls === state.seen.tls;
    if (!same) await store.commit({ ...state, seen: nowSeen });
    return { content: { config, tls }, state: store.state ?? state };
  }

  const fromGiven = base === undefined || base.toml !== toml || !sameTls(base.tls, tls);
  const version = await store.add({
    toml,
    tls,
    appliedAtMs: now(),
    appliedBy: fromGiven ? BOOTSTRAP : REVERT,
    comment: base === undefined ? "" : commentOf(fromGiven, base, state),
  });
  const next = { current: version.version, pending: null, seen: nowSeen };
  await store.commit(next);
  if (state !== undefined && base !== undefined && base.version !== state.current) {
    emit(
      EventKind.CONFIG_REVERTED,
      "the agent ended while its configuration was not confirmed or not readable",
      {
        version: String(version.version),
        undone: String(state.current),
      },
    );
  } else if (fromGiven && base !== undefined) {
    log.info("the agent was started with another configuration than the last time", {
      version: version.version,
    });
  }
  return { content: { config, tls }, state: next };
}

/** A list that came while the agent ran is not undone by a start that knows less: who was revoked stays so. */
function withNewerRevocations(given: TlsFiles, kept: TlsFiles, log: Logger): TlsFiles {
  if (given.clientCaPem !== kept.clientCaPem || !isOlder(given.crlPem, kept.crlPem)) return given;
  log.warn("the kept revocation list stays: the start gave none, or an older one", {
    next: "to remove it: gatehouse config apply --crl, with an empty file",
  });
  return { ...given, crlPem: kept.crlPem };
}

function commentOf(fromGiven: boolean, base: StoredVersion, state: StoreState | undefined): string {
  if (fromGiven) return "started with another file or other credentials";
  const why = state?.pending === null || state === undefined ? "could not be read" : "was not confirmed";
  return `version ${state?.current ?? "in force"} ${why} at a restart; as version ${base.version}`;
}

/** The version to go on with: that in force or, when it waits, the one before; else the newest that still checks. */
function keptContent({ store, log }: BootOptions): StoredVersion | undefined {
  const { state } = store;
  const wanted = state?.pending?.previous ?? state?.current;
  const first = wanted === undefined ? undefined : store.find(wanted);
  if (state !== undefined && first === undefined) {
    log.error("the version in force is not there; the newest that can be read takes its place", {
      version: wanted,
    });
  }
  const waiting = state?.pending ? state.current : undefined;
  const others = store.versions.filter(({ version }) => version !== waiting && version !== first?.version);
  for (const version of first === undefined ? others : [first, ...others]) {
    try {
      loadConfig(version.toml, `version ${version.version}`);
      return version;
    } catch (error) {
      log.error("a kept configuration doesn't check any more; an older one takes its place", {
        version: version.version,
        error: errorText(error),
      });
    }
  }
  return undefined;
}

const differs = (given: string | null, seen: string | null | undefined): boolean =>
  given !== null && given !== seen;

const digest = (text: string | undefined): string | null =>
  text === undefined ? null : createHash("sha256").update(text).digest("hex");

/** One text for equal material. */
const tlsText = ({ certificatePem, privateKeyPem, clientCaPem, crlPem }: TlsFiles): string =>
  JSON.stringify([certificatePem, privateKeyPem, clientCaPem, crlPem]);
