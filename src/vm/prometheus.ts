// Debian's Prometheus on the host, reading one appliance by the files of monitoring/: for a look at it, and for its
// alerts. Must never listen beyond loopback: whoever reaches it reads all that it has.
import { join } from "node:path";
import { choosePort } from "./allot.ts";
import { systemClock } from "./clock.ts";
import { GatehouseError } from "./errors.ts";
import type { ClientFiles } from "./owner.ts";
import { ensurePrivateDir } from "./paths.ts";
import { endProcess, findByArgument, isAlive, spawnDetached } from "./process.ts";
import { findProgram } from "./programs.ts";
import { logTail } from "./serial.ts";

const PROGRAM = "prometheus";
/** Prometheus' customary port, then its neighbours: Debian's own service may have the first. */
const FIRST_PORT = 9090;
/** It opens its files and reads its log of the last hours; a busy machine. */
const READY_MS = 30_000;
const READY_POLL_MS = 100;
/** It closes its files when asked to end. */
const END_MS = 10_000;
/** A week of one appliance's series each 5 s is some 200 MB. */
const RETENTION = ["--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=512MB"];

export interface PrometheusOptions {
  /** Of its own: configuration, log, data. */
  readonly dir: string;
  readonly repoRoot: string;
  /** host:port of the appliance's gateway, which answers TLS there. */
  readonly target: string;
  /** What the scraper shows, and whom it believes. */
  readonly files: ClientFiles;
  /** Default 5. */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal;
}

/** monitoring/prometheus.yml for this appliance. @throws Error when it isn't the file that this knows */
export function prometheusConfig(
  template: string,
  { target, files, everySeconds = 5 }: PrometheusOptions,
): string {
  const places: readonly (readonly [string, string])[] = [
    ["_interval: 15s", `_interval: ${everySeconds}s`],
    ["ca_file: tls/ca.pem", `ca_file: ${JSON.stringify(files.ca)}`],
    ["cert_file: tls/client.pem", `cert_file: ${JSON.stringify(files.cert)}`],
    ["key_file: tls/client.key", `key_file: ${JSON.stringify(files.key)}`],
    ['"127.0.0.1:50443"', JSON.stringify(target)],
  ];
  return places.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`monitoring/prometheus.yml doesn't say "${from}"`);
    return text.replaceAll(from, to);
  }, template);
}

/**
 * Starts it, in place of one that reads the same appliance already, and waits until it is ready.
 * @returns its URL; the same from one start to the next while the port is free
 * @throws GatehouseError `missing-tool`, `port-in-use`, `monitoring-failed`
 */
export async function startPrometheus(options: PrometheusOptions): Promise<string> {
  const { dir, repoRoot, signal } = options;
  const program = await findProgram(PROGRAM);
  if (program === undefined) {
    throw new GatehouseError("missing-tool", "Prometheus is not installed", "apt-get install prometheus");
  }
  await ensurePrivateDir(dir);
  await stopPrometheus(dir);
  const source = (file: string) => join(repoRoot, "monitoring", file);
  const configFile = join(dir, "prometheus.yml");
  const config = prometheusConfig(await Deno.readTextFile(source("prometheus.yml")), options);
  await Deno.writeTextFile(configFile, config, { mode: 0o600 });
  await Deno.copyFile(source("alerts.yml"), join(dir, "alerts.yml"));

  const portFile = join(dir, "port");
  const own = Number(await Deno.readTextFile(portFile).catch(() => "")) || undefined;
  const port = await choosePort({ own, taken: new Set(), first: FIRST_PORT, option: "monitoring/port" });
  await Deno.writeTextFile(portFile, `${port}\n`);
  const logFile = join(dir, "prometheus.log");
  await Deno.remove(logFile).catch(() => {});
  const id = await spawnDetached([
    program,
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dataDir(dir)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...RETENTION,
  ], logFile);
  const url = `http://127.0.0.1:${port}`;
  const endMs = systemClock.nowMs() + READY_MS;
  while (!(await answers(`${url}/-/ready`))) {
    if (signal?.aborted || !isAlive(id) || systemClock.nowMs() > endMs) {
      await stopPrometheus(dir);
      signal?.throwIfAborted();
      throw new GatehouseError(
        "monitoring-failed",
        `Prometheus isn't ready:\n${await logTail(logFile, 5)}`,
        `look into ${logFile}; without --monitoring the VM goes on`,
      );
    }
    await systemClock.sleep(READY_POLL_MS);
  }
  return url;
}

/** Ends the one that reads the appliance of this directory; what it has read stays. */
export async function stopPrometheus(dir: string): Promise<void> {
  const running = findByArgument(PROGRAM, dataDir(dir));
  await Promise.all(running.map((id) => endProcess(id, END_MS, systemClock)));
}

const dataDir = (dir: string) => join(dir, "data");

/** For one look: whoever has the port and says nothing must not outlast the wait. */
const ANSWER_MS = 1_000;

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
