// From nothing, or from whatever an earlier command left, to a VM that answers.
// Walks the table of phases.ts. Must leave either a ready VM or no process at all.

import { chooseCid, choosePort, FIRST_GATEWAY_PORT } from "./allot.ts";
import { probeAccel } from "./accel.ts";
import { type Clock, systemClock } from "./clock.ts";
import { freeDiskBytes } from "./disk_space.ts";
import { cancelled, GatehouseError, throwIfCancelled } from "./errors.ts";
import { launch, type Launched } from "./launch.ts";
import { ensureOwner } from "./owner.ts";
import { ownVmPaths, stateHome, type VmPaths } from "./paths.ts";
import { nextPhase, type PhaseEvent } from "./phases.ts";
import { isAlive } from "./process.ts";
import { noProgress, type OnProgress } from "./progress.ts";
import type { Credential, TcpForward, VmSpec } from "./qemu.ts";
import { exists } from "../files/write_once.ts";
import { CidInUse, diskFull, refusalIn } from "./refusals.ts";
import { GATEWAY_TCP_PORT, GUEST_PORT, type RunningVm, runningVm } from "./running.ts";
import { adoptSealingKey } from "./sealing_key.ts";
import { logTail } from "./serial.ts";
import { POWER_DOWN_MS, teardown } from "./teardown.ts";
import {
  ensureState,
  readMachineId,
  readRecord,
  recordedVms,
  type VmRecord,
  withLock,
  writeRecord,
} from "./vm_state.ts";
import { findVsockHost, vhostVsockArgv, type VsockHost } from "./vsock_host.ts";
import { BOOT_LIMITS, type BootLimits, type BootOutcome, watchBoot } from "./watch.ts";

/** What the launcher needs of a built image. */
export interface VmImage {
  readonly dir: string;
  readonly boot: VmSpec["boot"];
  /** Root file system, attached read only. */
  readonly rootImage?: string;
}

/** What answers on the VM's TCP port: TLS, plain TCP, or nothing, and the VM has no network. */
export type TcpService = "tls" | "tcp" | "none";

/** Where the VM's HTTP gateway answers. */
export interface GatewayService {
  readonly vsock: boolean;
  readonly tcp: TcpService;
}

const NO_GATEWAY: GatewayService = { vsock: false, tcp: "none" };

export interface BootOptions {
  readonly name: string;
  readonly repoRoot: string;
  /** Builds the image, or finds the built one. Called once the VM's lock is held. */
  image(): Promise<VmImage>;
  /** The VM's configuration file, TOML. */
  readonly configToml: string;
  /**
   * Whether the VM answers: one short question, asked until it says yes. The addresses are
   * final when it is first called.
   */
  isHealthy(vm: RunningVm, signal: AbortSignal): Promise<boolean>;
  /** Default 2. */
  readonly cpus?: number;
  /** Default 1536. */
  readonly memoryMib?: number;
  /** Size of the VM's own disk when it is made, default 1 GiB; the file is sparse. */
  readonly stateDiskBytes?: number;
  /** Port on the host's 127.0.0.1. Default: that of last time, or the first free one from 50051. */
  readonly tcpPort?: number;
  /** Default TLS. */
  readonly tcpService?: TcpService;
  /** Default: none. */
  readonly gateway?: GatewayService;
  /** The gateway's port on the host's 127.0.0.1. Default: as for `tcpPort`, from 50443. */
  readonly gatewayPort?: number;
  readonly credentials?: readonly Credential[];
  /** Default: KVM where it really runs a guest. */
  readonly accel?: "kvm" | "tcg";
  /** Default: what the host has. */
  readonly vsock?: VsockHost | { readonly kind: "none" };
  readonly limits?: BootLimits;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface BootedVm extends RunningVm {
  /** True when it ran and answered before: nothing was started. */
  readonly alreadyRunning: boolean;
}

/** A boot that panics, hangs or dies is tried once more; a second failure is not chance. */
const MAX_ATTEMPTS = 2;
/**
 * Unless the emulator runs the guest's processors as threads on a busy host: there QEMU 7.2 lets one of them see code that
 * another is patching, about once in ten boots and more under load, within the first two seconds.
 */
const MAX_ATTEMPTS_AFTER_EMULATED_PANIC = 4;
const DEFAULT_MEMORY_MIB = 1536;
const DEFAULT_STATE_DISK_BYTES = 1024 * 1024 * 1024;
/** Logs, and what a fresh VM writes to its disk: keys and a journal. */
const MIN_FREE_BYTES = 128 * 1024 * 1024;
/** How long a VM that runs already may take to answer before it is booted anew. */
const ALREADY_RUNNING_MS = 15_000;
/** Times that other addresses are tried before giving up. */
const MAX_READDRESSED = 16;

/**
 * Boots the VM and waits until it is healthy; one that runs and answers is left as it is.
 * Throws GatehouseError: `busy`, `port-in-use`, `disk-full`, `missing-image`, `missing-tool`,
 * `boot-failed`, `cancelled`; after each, nothing of the VM runs (except for `busy`).
 */
export async function boot(options: BootOptions): Promise<BootedVm> {
  const paths = ownVmPaths(options.name);
  return await withLock(paths.lock, `VM ${options.name}`, () => new Boot(options, paths).run());
}

class Boot {
  readonly #options: BootOptions;
  readonly #paths: VmPaths;
  readonly #clock: Clock;
  readonly #onProgress: OnProgress;
  /** Context ids that the kernel refused, being somebody else's. */
  readonly #refusedCids = new Set<number>();
  #readdressed = 0;
  /** The one that is tried after the VM's own was refused. */
  #sealingKey: string | undefined;

  constructor(options: BootOptions, paths: VmPaths) {
    this.#options = options;
    this.#paths = paths;
    this.#clock = options.clock ?? systemClock;
    this.#onProgress = options.onProgress ?? noProgress;
  }

  get #tcpService(): TcpService {
    return this.#options.tcpService ?? "tls";
  }

  get #stateDiskBytes(): number {
    return this.#options.stateDiskBytes ?? DEFAULT_STATE_DISK_BYTES;
  }

  async run(): Promise<BootedVm> {
    const { signal } = this.#options;
    const before = await readRecord(this.#paths);
    const running = before === undefined ? undefined : await this.#alreadyRunning(before);
    if (running !== undefined) return running;
    throwIfCancelled(signal);
    const graceMs = before === undefined ? 0 : POWER_DOWN_MS[before.accel];
    await teardown(this.#paths, before ?? {}, { graceMs, clock: this.#clock, onProgress: this.#onProgress });
    if (before !== undefined) this.#save(before, "down", { qemu: undefined, vhostVsock: undefined });

    await this.#checkDisk();
    const vsock = await this.#vsock();
    const accel = this.#options.accel ?? (await probeAccel()).accel;
    // Before the build, so that a port in use is told at once and not minutes later.
    let record = await this.#allot("building", before, { accel, vsock: vsock.kind });
    try {
      const image = await this.#options.image();
      throwIfCancelled(signal);
      await checkFiles(image);
      await ensureState(this.#paths, this.#stateDiskBytes);
      await Deno.writeTextFile(this.#paths.config, this.#options.configToml, { mode: 0o600 });
      record = this.#save(record, "built", { imageDir: image.dir });
      record = await this.#attempts(record, image, vsock);
    } catch (error) {
      const last = await readRecord(this.#paths) ?? record;
      await teardown(this.#paths, last, { graceMs: 0, clock: this.#clock, onProgress: noProgress });
      const problem = error instanceof Error ? error.message : String(error);
      this.#save(last, "failed", { qemu: undefined, vhostVsock: undefined, problem });
      throw error;
    }
    return { ...runningVm(this.#paths, record), alreadyRunning: false };
  }

  /** The VM that an earlier `up` booted, when it runs and answers. */
  async #alreadyRunning(record: VmRecord): Promise<BootedVm | undefined> {
    if (record.qemu === undefined || !isAlive(record.qemu)) return undefined;
    if (record.vhostVsock !== undefined && !isAlive(record.vhostVsock)) return undefined;
    // Booting: the command that watched it was killed, and the guest may need its whole time.
    const patienceMs = record.phase === "booting" ? BOOT_LIMITS[record.accel].healthMs : ALREADY_RUNNING_MS;
    this.#onProgress({ step: "boot", detail: "it runs already; asking whether it is well" });
    const vm = runningVm(this.#paths, record);
    const end = AbortSignal.any([
      AbortSignal.timeout(patienceMs),
      ...(this.#options.signal ? [this.#options.signal] : []),
    ]);
    while (!end.aborted && isAlive(record.qemu)) {
      const question = this.#options.isHealthy(vm, end).catch(() => false);
      if (await Promise.race([question, this.#clock.sleep(patienceMs, end).then(() => false)])) {
        const next = record.phase === "booting" || record.phase === "building"
          ? "ready"
          : nextPhase(record.phase, "healthy");
        const ready: VmRecord = { ...record, phase: next, problem: undefined };
        writeRecord(this.#paths, ready);
        return { ...runningVm(this.#paths, ready), alreadyRunning: true };
      }
      await this.#clock.sleep(500, end);
    }
    this.#onProgress({ step: "boot", detail: "it doesn't answer; booting it anew" });
    return undefined;
  }

  async #checkDisk(): Promise<void> {
    const home = stateHome(Deno.env);
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    const freeBytes = await freeDiskBytes(home);
    if (freeBytes < MIN_FREE_BYTES) {
      throw diskFull(`${home} has ${mib(freeBytes)} free, ${mib(MIN_FREE_BYTES)} are needed`);
    }
  }

  async #vsock(): Promise<VsockHost | { readonly kind: "none" }> {
    if (this.#options.vsock !== undefined) return this.#options.vsock;
    const { host, found } = await findVsockHost(this.#options.repoRoot);
    if (host !== undefined) return host;
    throw new GatehouseError(
      "missing-tool",
      `this host has no VSOCK: ${found}`,
      "run ./gatehouse doctor; it says how to get it",
    );
  }

  /** Chooses context id and port and records them before another VM's `up` can choose the same. */
  async #allot(
    phase: "building" | "booting",
    before: VmRecord | undefined,
    fixed: Pick<VmRecord, "accel" | "vsock" | "imageDir">,
  ): Promise<VmRecord> {
    const home = stateHome(Deno.env);
    return await withLock(`${home}/allot.lock`, "the VMs' addresses", async () => {
      const cids = new Set(this.#refusedCids);
      const ports = new Set<number>();
      for (const other of await recordedVms(home, ownVmPaths)) {
        if (other.name === this.#paths.name) continue;
        // A damaged record of another VM is that VM's trouble.
        const record = await readRecord(other).catch(() => undefined);
        if (record === undefined) continue;
        cids.add(record.cid);
        ports.add(record.tcpPort);
        if (record.gateway !== undefined) ports.add(record.gateway.port);
      }
      const { vsock, tcp } = this.#options.gateway ?? NO_GATEWAY;
      const tcpPort = await this.#port(before, ports);
      const record: VmRecord = {
        version: 1,
        name: this.#paths.name,
        phase,
        cid: chooseCid(before?.cid, cids),
        tcpPort,
        tcp: this.#tcpService !== "none",
        tls: this.#tcpService === "tls",
        gateway: { vsock, tcp, port: await this.#gatewayPort(before, new Set([...ports, tcpPort])) },
        ...fixed,
      };
      writeRecord(this.#paths, record);
      return record;
    });
  }

  /** Without TCP nothing binds the port; the VM keeps its own of last time all the same. */
  async #port(before: VmRecord | undefined, taken: ReadonlySet<number>): Promise<number> {
    if (this.#tcpService === "none" && before !== undefined) return before.tcpPort;
    return await choosePort({ asked: this.#options.tcpPort, own: before?.tcpPort, taken });
  }

  /** The same for the gateway's. */
  async #gatewayPort(before: VmRecord | undefined, taken: ReadonlySet<number>): Promise<number> {
    const own = before?.gateway?.port;
    const { gateway = NO_GATEWAY, gatewayPort } = this.#options;
    if (gateway.tcp === "none" && own !== undefined) return own;
    return await choosePort({
      asked: gatewayPort,
      own,
      taken,
      first: FIRST_GATEWAY_PORT,
      option: "--gateway-port",
    });
  }

  async #attempts(
    first: VmRecord,
    image: VmImage,
    vsock: VsockHost | { readonly kind: "none" },
  ): Promise<VmRecord> {
    let record = first;
    for (let attempt = 1;;) {
      record = this.#save(record, "retry", { attempts: attempt, startedAt: new Date().toISOString() });
      this.#onProgress({
        step: "boot",
        detail: attempt === 1 ? `starting QEMU (${record.accel})` : "starting QEMU again",
      });
      const { launched, record: started } = await this.#launch(record, image, vsock);
      record = started;
      const outcome = await this.#watch(record, launched);
      launched.qmp?.close();
      if (outcome.kind === "healthy") {
        await this.#adoptNextSealingKey();
        return this.#save(record, "healthy", { problem: undefined });
      }

      await teardown(this.#paths, record, { graceMs: 0, clock: this.#clock, onProgress: noProgress });
      record = this.#save(record, "retry", { qemu: undefined, vhostVsock: undefined });
      if (outcome.kind === "cancelled") throw cancelled();
      const refusal = outcome.kind === "died"
        ? refusalIn(await logTail(this.#paths.qemuLog, 20), record.tcpPort)
        : undefined;
      if (refusal !== undefined) {
        record = await this.#readdress(refusal, record);
        continue;
      }
      if (outcome.kind === "refused" && await this.#triesNextSealingKey()) continue;
      // What our own programs refuse, they refuse again.
      if (outcome.kind === "refused") throw this.#refused(outcome.detail);
      const allowed = outcome.kind === "panicked" && record.accel === "tcg"
        ? MAX_ATTEMPTS_AFTER_EMULATED_PANIC
        : MAX_ATTEMPTS;
      if (attempt >= allowed) throw this.#failure(outcome, attempt);
      attempt++;
      this.#onProgress({
        step: "boot",
        detail: `the VM ${outcome.kind} (${outcome.detail}); trying again`,
      });
    }
  }

  /** A change of the sealing key that nobody ended: the store may be sealed with the next one alone by now. */
  async #triesNextSealingKey(): Promise<boolean> {
    const { nextSealingKey } = this.#paths;
    if (this.#sealingKey !== undefined || !await exists(nextSealingKey)) return false;
    this.#sealingKey = nextSealingKey;
    this.#onProgress({
      step: "boot",
      detail: `trying ${nextSealingKey}: a change of the sealing key wasn't ended`,
    });
    return true;
  }

  async #adoptNextSealingKey(): Promise<void> {
    const { sealingKey, nextSealingKey } = this.#paths;
    if (this.#sealingKey === nextSealingKey) await adoptSealingKey(sealingKey, nextSealingKey);
  }

  /** New addresses after somebody else took the chosen ones meanwhile; throws what new addresses don't mend. */
  async #readdress(refusal: GatehouseError | CidInUse, record: VmRecord): Promise<VmRecord> {
    const ours = refusal instanceof CidInUse ||
      (refusal.code === "port-in-use" && this.#options.tcpPort === undefined &&
        this.#options.gatewayPort === undefined);
    if (!ours || ++this.#readdressed > MAX_READDRESSED) throw refusal;
    if (refusal instanceof CidInUse) this.#refusedCids.add(record.cid);
    return await this.#allot("booting", record, {
      accel: record.accel,
      vsock: record.vsock,
      imageDir: record.imageDir,
    });
  }

  async #launch(record: VmRecord, image: VmImage, vsock: VsockHost | { readonly kind: "none" }) {
    await ensureState(this.#paths, this.#stateDiskBytes);
    const spec = await this.#spec(record, image, vsock, await ensureOwner(this.#paths));
    let current = record;
    const launched = await launch({
      spec,
      paths: this.#paths,
      vhostVsockArgv: vsock.kind === "vhost-user"
        ? vhostVsockArgv(vsock.program, record.cid, this.#paths.vhostSocket, this.#paths.vsockSocket)
        : undefined,
      onStarted: (what, id) => {
        current = { ...current, [what]: id };
        writeRecord(this.#paths, current);
      },
    }, this.#clock);
    return { launched, record: current };
  }

  async #spec(
    record: VmRecord,
    image: VmImage,
    vsock: VsockHost | { readonly kind: "none" },
    owner: readonly Credential[],
  ): Promise<VmSpec> {
    const paths = this.#paths;
    return {
      name: record.name,
      cpus: this.#options.cpus ?? 2,
      memoryMib: this.#options.memoryMib ?? DEFAULT_MEMORY_MIB,
      accel: record.accel,
      boot: image.boot.kind === "firmware" ? image.boot : {
        ...image.boot,
        // The id is no secret: any process on the host may read it here.
        cmdline: `${image.boot.cmdline} systemd.machine_id=${await readMachineId(paths)}`,
      },
      rootImage: image.rootImage,
      stateImage: paths.stateImage,
      credentials: [
        { name: "gatehouse.sealing-key", path: this.#sealingKey ?? paths.sealingKey },
        { name: "gatehouse.config", path: paths.config },
        ...owner,
        ...(this.#options.credentials ?? []),
      ],
      tcpForwards: forwards(record),
      vsock: vsock.kind === "kernel"
        ? { kind: "kernel", cid: record.cid }
        : vsock.kind === "vhost-user"
        ? { kind: "vhost-user", socket: paths.vhostSocket }
        : { kind: "none" },
      serialLog: paths.serialLog,
      qmpSocket: paths.qmpSocket,
    };
  }

  #watch(record: VmRecord, launched: Launched): Promise<BootOutcome> {
    const vm = runningVm(this.#paths, record);
    const limits = this.#options.limits ?? BOOT_LIMITS[record.accel];
    const startMs = this.#clock.nowMs();
    let shown = "";
    return watchBoot({
      launched,
      paths: this.#paths,
      limits,
      isHealthy: (signal) => this.#options.isHealthy(vm, signal),
      onConsoleLine: (line) => {
        if (line === shown) return;
        shown = line;
        const fraction = Math.min(1, (this.#clock.nowMs() - startMs) / limits.healthMs);
        this.#onProgress({ step: "boot", detail: line, fraction });
      },
      signal: this.#options.signal,
    }, this.#clock);
  }

  #refused(line: string): GatehouseError {
    return new GatehouseError(
      "boot-failed",
      `the VM doesn't start: ${line.replace(/^\[[^\]]*\]\s*/, "")}`,
      `put the sealing key that belongs to this disk at ${this.#paths.sealingKey}, then run ./gatehouse up again`,
    );
  }

  #failure(
    outcome: Exclude<BootOutcome, { kind: "healthy" | "cancelled" }>,
    attempts: number,
  ): GatehouseError {
    return new GatehouseError(
      "boot-failed",
      `the VM ${outcome.kind} while booting, ${attempts} times: ${outcome.detail}`,
      `look at its console: ./gatehouse logs --name ${this.#paths.name}`,
    );
  }

  #save(record: VmRecord, event: PhaseEvent, change: Partial<VmRecord>): VmRecord {
    const next: VmRecord = { ...record, ...change, phase: nextPhase(record.phase, event) };
    writeRecord(this.#paths, next);
    return next;
  }
}

function forwards({ tcp, tcpPort, gateway }: VmRecord): TcpForward[] {
  return [
    ...tcp === false ? [] : [{ hostPort: tcpPort, guestPort: GUEST_PORT }],
    ...gateway === undefined || gateway.tcp === "none"
      ? []
      : [{ hostPort: gateway.port, guestPort: GATEWAY_TCP_PORT }],
  ];
}

async function checkFiles(image: VmImage): Promise<void> {
  const files = image.boot.kind === "kernel"
    ? [image.boot.kernel, image.boot.initrd, image.rootImage]
    : [image.boot.path, image.rootImage];
  for (const file of files.filter((file) => file !== undefined)) {
    const info = await Deno.stat(file).catch(() => undefined);
    if (!info?.isFile) {
      throw new GatehouseError(
        "missing-image",
        `the image lacks ${file}`,
        `remove ${image.dir} and run ./gatehouse up again to rebuild it`,
      );
    }
  }
}

function mib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
