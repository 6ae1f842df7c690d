// Keys of a signer's program without an agent, for kept_keys.ts: started again for every round, since the one before
// was killed. Must never run another program than the one that ships.
import { join } from "node:path";
import { KeyState, type ListKeysResponse, Transport } from "../../src/proto/mod.ts";
import { SIGNER } from "../../src/signer/methods.ts";
import { RemoteSigner } from "../../src/signer/remote_signer.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { type ChangeName, changeUntilKilled, type KeyDoor, Lane } from "./kept_keys.ts";

const BINARY = new URL("../../dataplane/target/release/gatehouse-signer", import.meta.url).pathname;
const CALLER = { identity: "unix", transport: Transport.UNIX };
const DEADLINE_MS = 10_000;
/** Also on a machine with too much to do. */
const REACHED_WITHIN_MS = 60_000;
const PAUSE_MS = 2;
const PAGE = 1_000;
const STATES = [KeyState.ENABLED, KeyState.DISABLED, KeyState.PENDING_DELETION, KeyState.DESTROYED];
/** Rounds on one store: then a new one, so that looking at all of its keys stays quick. */
const ROUNDS_A_STORE = 50;
/** One round in so many kills a start too. */
const STARTS_KILLED = 4;
/** A start takes most of the first. */
const MOST_START_MS = 40;
const MOST_MS = 150;
const LANES = ["a-", "b-", "c-"];
const CHANGES = {
  Create: SIGNER.createKey,
  Rotate: SIGNER.rotateKey,
  Enable: SIGNER.enableKey,
  Disable: SIGNER.disableKey,
  Destroy: SIGNER.destroyKey,
} satisfies Record<ChangeName, unknown>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A directory with a sealing key, where one signer after the other runs. */
export class SignerPlace {
  private constructor(readonly dir: string, private readonly state: string) {}

  /** @param state the store's directory; default: one in memory, since a kill leaves what the kernel has */
  static async make(state?: string): Promise<SignerPlace> {
    const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "gatehouse-faults-" });
    await Deno.writeFile(join(dir, "sealing-key"), crypto.getRandomValues(new Uint8Array(32)), {
      mode: 0o600,
    });
    return new SignerPlace(dir, state ?? join(dir, "state"));
  }

  spawn(): RunningSigner {
    const socket = join(this.dir, "signer.sock");
    const child = new Deno.Command(BINARY, {
      args: ["--socket", socket, "--state", this.state]
        .concat(["--sealing-key-file", join(this.dir, "sealing-key"), "--stop-at-stdin-end"]),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    return new RunningSigner(child, socket);
  }

  remove(): Promise<void> {
    return Deno.remove(this.dir, { recursive: true });
  }
}

export class RunningSigner {
  constructor(private readonly child: Deno.ChildProcess, private readonly socket: string) {}

  /** Resolves when it answers. @throws when it ends before */
  async ready(): Promise<this> {
    const reader = this.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await reader.read();
    void reader.cancel();
    if (value.includes("ready")) return this;
    throw new Error(`the signer ended with ${(await this.child.status).code} before it was ready`);
  }

  /** A client that has reached it. @throws when it can't */
  async connect(): Promise<RemoteSigner> {
    const address = `unix://${this.socket}`;
    const signer = new RemoteSigner({
      address,
      dial: dialer(parseAddress(address)),
      deadlineMs: DEADLINE_MS,
    });
    for (let waitedMs = 0; !signer.healthy; waitedMs += PAUSE_MS) {
      if (waitedMs >= REACHED_WITHIN_MS) {
        await signer.close();
        throw new Error(`the signer is ready and wasn't reached within ${REACHED_WITHIN_MS} ms`);
      }
      await pause(PAUSE_MS);
    }
    return signer;
  }

  /** @returns its exit code */
  async kill(): Promise<number> {
    this.child.kill("SIGKILL");
    return await this.#ended();
  }

  /** As its parent ends it. @returns its exit code */
  async stop(): Promise<number> {
    await this.child.stdin.close().catch(() => {}); // it was killed before
    return (await this.child.status).code;
  }

  async #ended(): Promise<number> {
    const { code } = await this.child.status;
    // A stream of its own, that would keep this program alive.
    await this.child.stdin.abort().catch(() => {});
    return code;
  }
}

/** A signer's keys as kept_keys.ts wants them. */
export function doorOf(signer: RemoteSigner): KeyDoor {
  return {
    change: (name, request) => signer.unary(CHANGES[name], request),
    get: (id) => signer.unary(SIGNER.getKey, { id }),
    async list(prefix) {
      const ids: string[] = [];
      let page_token = "";
      do {
        const list = { page_size: PAGE, page_token, states: STATES };
        const page: ListKeysResponse = await signer.unary(SIGNER.listKeys, { list });
        ids.push(...page.keys.map(({ id }) => id));
        page_token = page.next_page_token;
      } while (page_token !== "");
      return ids.filter((id) => id.startsWith(prefix));
    },
    sign: async (key, algorithm, data) =>
      (await signer.sign({ key, algorithm, data, caller: CALLER })).signature,
  };
}

export interface Killed {
  rounds: number;
  /** Kills while the signer started, beside those. */
  starts: number;
  acknowledged: number;
  unanswered: number;
}

/**
 * kill -9 at random moments of making, rotating and destroying keys, and at some of the starts.
 * @param onRound after each one
 * @throws Lost when something acknowledged is gone or something is half there
 */
export async function killSigner(rounds: number, onRound: (so: Killed) => void = () => {}): Promise<Killed> {
  const so: Killed = { rounds: 0, starts: 0, acknowledged: 0, unanswered: 0 };
  while (so.rounds < rounds) {
    const place = await SignerPlace.make();
    const lanes = LANES.map((prefix) => new Lane(prefix, Math.random));
    const before = { ...so };
    const sum = (what: "acknowledged" | "unanswered") =>
      before[what] + lanes.reduce((all, lane) => all + lane[what], 0);
    let running = await place.spawn().ready();
    try {
      const most = Math.min(rounds, before.rounds + ROUNDS_A_STORE);
      while (so.rounds < most) {
        running = await killRound(place, running, lanes, so);
        so.acknowledged = sum("acknowledged");
        so.unanswered = sum("unanswered");
        onRound(so);
      }
    } finally {
      await running.stop();
      await place.remove();
    }
  }
  return so;
}

/** The signer is killed while its keys are changed, started again, and looked at. @returns the one that runs now */
async function killRound(
  place: SignerPlace,
  running: RunningSigner,
  lanes: readonly Lane[],
  so: Killed,
): Promise<RunningSigner> {
  const before = await running.connect();
  const kill = async () => {
    await running.kill();
  };
  await changeUntilKilled(lanes, lanes.map(() => doorOf(before)), Math.random() * MOST_MS, kill)
    .finally(() => before.close());
  if (so.rounds % STARTS_KILLED === 0) {
    const starting = place.spawn();
    await pause(Math.random() * MOST_START_MS);
    await starting.kill();
    so.starts++;
  }
  const now = await place.spawn().ready();
  const after = await now.connect();
  try {
    for (const lane of lanes) await lane.check(doorOf(after));
  } catch (error) {
    await now.kill();
    throw error;
  } finally {
    await after.close();
  }
  so.rounds++;
  return now;
}
