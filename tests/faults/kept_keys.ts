// What must be there of keys when their signer was killed while they were changed: what was acknowledged, beside the
// one change whose answer never came. Must never learn anything from the store: only from answers.
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { Algorithm, type Key, KeyKind, KeyState } from "../../src/proto/mod.ts";

/** Changes of `gatehouse.v1.Keys`. */
export type ChangeName = "Create" | "Rotate" | "Enable" | "Disable" | "Destroy";

/** Where keys are changed and looked at. What it throws has a gRPC `code`. */
export interface KeyDoor {
  change(name: ChangeName, request: { id: string; kind?: number }): Promise<Key>;
  get(id: string): Promise<Key>;
  /** Ids of all keys that begin with `prefix`, in any state. */
  list(prefix: string): Promise<string[]>;
  sign(id: string, algorithm: number, data: Uint8Array): Promise<Uint8Array>;
}

/** A key as it was answered; JSON takes it. */
export interface Seen {
  readonly kind: number;
  readonly state: number;
  readonly revision: number;
  /** SubjectPublicKeyInfo in hexadecimal, the oldest first. */
  readonly versions: readonly string[];
}

const seen = ({ kind, state, revision, versions }: Key): Seen => ({
  kind,
  state,
  revision: revision.toNumber(),
  versions: versions.map(({ public_key_der }) => Buffer.from(public_key_der).toString("hex")),
});

/** Quick to make, so that most kills hit the store. */
const ALGORITHMS = new Map<number, { algorithm: number; hash: string | null }>([
  [KeyKind.EC_P256, { algorithm: Algorithm.ECDSA_P256_SHA256, hash: "sha256" }],
  [KeyKind.ED25519, { algorithm: Algorithm.EDDSA_ED25519, hash: null }],
]);
const KINDS = [...ALGORITHMS.keys()];
/** Fewer keys than this that can still be changed, and another one is made. */
const FEWEST_ALIVE = 3;
const STATE_AFTER: Partial<Record<ChangeName, number>> = {
  Enable: KeyState.ENABLED,
  Disable: KeyState.DISABLED,
  Destroy: KeyState.DESTROYED,
};
const DATA = new TextEncoder().encode("gatehouse");

/** Something that must never be. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** What one caller did, whose changes come one after the other. The rest of a file's lanes run beside it. */
export class Lane {
  /** Changes that were answered. */
  acknowledged = 0;
  /** Changes that were found done though their answer never came. */
  unanswered = 0;
  #known = new Map<string, Seen>();
  /** Changed since the last look. */
  #touched = new Set<string>();
  #made = 0;
  #underWay: { id: string; name: ChangeName } | undefined;

  /** @param prefix of all its keys' ids. @param random from 0 to below 1 */
  constructor(private readonly prefix: string, private readonly random: () => number) {}

  get keys(): number {
    return this.#known.size;
  }

  /** One change; when it throws it is under way until `check`. */
  async change(door: KeyDoor): Promise<void> {
    const { id, name } = this.#choose();
    const before = this.#known.get(id);
    this.#underWay = { id, name };
    const kind = before?.kind ?? KINDS[this.#made % KINDS.length];
    const after = seen(await door.change(name, name === "Create" ? { id, kind } : { id }));
    this.#underWay = undefined;
    if (!follows(before, name, after)) {
      throw new Lost(`${name} of ${id} was answered ${show(after)}, before it was ${show(before)}`);
    }
    this.#keep(id, after);
    this.acknowledged++;
  }

  /** After the kill: everything acknowledged is there, nothing is half there. @throws Lost */
  async check(door: KeyDoor): Promise<void> {
    await this.#settle(door);
    const ids = (await door.list(this.prefix)).sort();
    const known = [...this.#known.keys()].sort();
    if (ids.join() !== known.join()) throw new Lost(`listed ${ids.join()}; known ${known.join()}`);
    for (const id of known) {
      const [there, expected] = [show(seen(await door.get(id))), show(this.#known.get(id))];
      if (there !== expected) throw new Lost(`${id} is ${there}; was acknowledged as ${expected}`);
    }
    for (const id of this.#touched) await this.#trySigning(door, id);
    this.#touched.clear();
  }

  #choose(): { id: string; name: ChangeName } {
    const alive = [...this.#known].filter(([, { state }]) => state !== KeyState.DESTROYED);
    if (alive.length < FEWEST_ALIVE || this.random() < 0.35) {
      return { id: `${this.prefix}${++this.#made}`, name: "Create" };
    }
    const [id, { state }] = alive[Math.floor(this.random() * alive.length)];
    const often = this.random() < 0.7;
    if (state === KeyState.ENABLED) return { id, name: often ? "Rotate" : "Disable" };
    return { id, name: often ? "Destroy" : "Enable" };
  }

  #keep(id: string, now: Seen): void {
    this.#known.set(id, now);
    this.#touched.add(id);
  }

  /** The change without an answer was done whole or not at all. */
  async #settle(door: KeyDoor): Promise<void> {
    if (this.#underWay === undefined) return;
    const { id, name } = this.#underWay;
    this.#underWay = undefined;
    const before = this.#known.get(id);
    const now = await door.get(id).then(seen, (error: unknown) => {
      if (codeOf(error) !== status.NOT_FOUND) throw error;
      return undefined;
    });
    if (show(now) === show(before)) return;
    if (now === undefined || !follows(before, name, now)) {
      throw new Lost(`${name} of ${id} was under way: it is ${show(now)}, before it was ${show(before)}`);
    }
    this.#keep(id, now);
    this.unanswered++;
  }

  /** The private half is the public one's, or the key's state refuses. */
  async #trySigning(door: KeyDoor, id: string): Promise<void> {
    const { kind, state, versions } = this.#known.get(id)!;
    const { algorithm, hash } = ALGORITHMS.get(kind)!;
    if (state !== KeyState.ENABLED) {
      const code = await door.sign(id, algorithm, DATA).then(() => status.OK, codeOf);
      if (code !== status.FAILED_PRECONDITION) throw new Lost(`${id}, state ${state}: ${status[code]}`);
      return;
    }
    const der = Buffer.from(versions[versions.length - 1], "hex");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    if (!verify(hash, DATA, key, await door.sign(id, algorithm, DATA))) {
      throw new Lost(`${id} gave a wrong signature`);
    }
  }

  /** For a run that goes on later. */
  toJSON(): object {
    const { prefix, acknowledged, unanswered } = this;
    const [known, touched] = [[...this.#known], [...this.#touched]];
    return { prefix, acknowledged, unanswered, made: this.#made, known, touched, underWay: this.#underWay };
  }

  /** What toJSON gave. */
  static from(kept: ReturnType<Lane["toJSON"]>, random: () => number): Lane {
    const { prefix, acknowledged, unanswered, made, known, touched, underWay } = kept as {
      prefix: string;
      acknowledged: number;
      unanswered: number;
      made: number;
      known: [string, Seen][];
      touched: string[];
      underWay?: { id: string; name: ChangeName };
    };
    const lane = new Lane(prefix, random);
    Object.assign(lane, { acknowledged, unanswered });
    lane.#made = made;
    lane.#known = new Map(known);
    lane.#touched = new Set(touched);
    lane.#underWay = underWay;
    return lane;
  }
}

const show = (key: Seen | undefined): string => key === undefined ? "absent" : JSON.stringify(key);

/** Whether a key may be like this after that change, whole. */
function follows(before: Seen | undefined, name: ChangeName, after: Seen): boolean {
  const more = name === "Create" || name === "Rotate" ? 1 : 0;
  const old = before?.versions ?? [];
  return after.revision === (before?.revision ?? 0) + 1 &&
    after.state === (STATE_AFTER[name] ?? KeyState.ENABLED) &&
    after.versions.length === old.length + more &&
    new Set(after.versions).size === after.versions.length &&
    old.every((version, at) => version === after.versions[at]);
}

export function codeOf(error: unknown): status {
  const { code } = error as { code?: unknown };
  if (typeof code !== "number") throw error;
  return code;
}

/**
 * Every lane changes keys until the kill.
 * @param afterMs how long they have
 * @param kill resolves when what was killed is gone
 * @throws what failed before the kill, or after it for another reason than that
 */
export async function changeUntilKilled(
  lanes: readonly Lane[],
  doors: readonly KeyDoor[],
  afterMs: number,
  kill: () => Promise<void>,
): Promise<void> {
  let killed = false;
  const work = lanes.map(async (lane, at) => {
    try {
      while (true) await lane.change(doors[at]);
    } catch (error) {
      const gone = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(codeOf(error));
      if (!killed || !gone) throw error;
    }
  });
  const ended = Promise.allSettled(work);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  killed = true;
  await kill();
  for (const result of await ended) if (result.status === "rejected") throw result.reason;
}
