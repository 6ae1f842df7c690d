// Keys of a VM over VSOCK, for kept_keys.ts: changes with the owner's proof, everything else as any caller.
import { readPrivateKey } from "../../src/authority/private_key.ts";
import { AdminClient } from "../../src/cli/admin_client.ts";
import { type Key, KeyState, type ListKeysResponse, type SignResponse } from "../../src/proto/mod.ts";
import { parseAddressList } from "../../src/transport/address.ts";
import { gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { changeUntilKilled, type KeyDoor, type Lane } from "./kept_keys.ts";

/** A killed VM answers nothing: its callers give up after this. */
const CHANGE_DEADLINE_MS = 10_000;
/** An emulated processor is slow. */
const LOOK_DEADLINE_MS = 30_000;
const PAGE = 1_000;
const STATES = [KeyState.ENABLED, KeyState.DISABLED, KeyState.PENDING_DELETION, KeyState.DESTROYED];

/** What `gatehouse up --json` says, as far as it matters here. */
export interface Up {
  readonly addresses: { readonly vsock: string };
  readonly admin_key: string;
}

export interface VmOfKeys {
  /** That of `gatehouse up --name`. */
  readonly name: string;
  /** $GATEHOUSE_HOME. */
  readonly home: string;
}

interface Opened {
  readonly doors: KeyDoor[];
  close(): void;
}

async function open({ addresses, admin_key }: Up, count: number): Promise<Opened> {
  const owner = await readPrivateKey(await Deno.readTextFile(admin_key));
  const at = parseAddressList(addresses.vsock);
  const admins = Array.from(
    { length: count },
    () => new AdminClient(at, { deadlineMs: CHANGE_DEADLINE_MS }, owner),
  );
  const caller = new AdminClient(at, { deadlineMs: LOOK_DEADLINE_MS });
  const doors = admins.map((admin): KeyDoor => ({
    change: (name, request) => admin.unary<unknown, Key>(`/gatehouse.v1.Keys/${name}`, request),
    get: (id) => caller.unary<unknown, Key>("/gatehouse.v1.Keys/Get", { id }),
    async list(prefix) {
      const ids: string[] = [];
      let page_token = "";
      do {
        const request = { page_size: PAGE, page_token, states: STATES };
        const page = await caller.unary<unknown, ListKeysResponse>("/gatehouse.v1.Keys/List", request);
        ids.push(...page.keys.map(({ id }) => id));
        page_token = page.next_page_token;
      } while (page_token !== "");
      return ids.filter((id) => id.startsWith(prefix));
    },
    async sign(key, algorithm, data) {
      const request = { key, algorithm, data };
      return (await caller.unary<unknown, SignResponse>("/gatehouse.v1.Crypto/Sign", request)).signature;
    },
  }));
  return { doors, close: () => [...admins, caller].forEach((client) => client.close()) };
}

const env = ({ home }: VmOfKeys) => ({ GATEHOUSE_HOME: home });

/** SIGKILL to QEMU, and its files stay. */
async function killVm(vm: VmOfKeys): Promise<void> {
  const { out } = await tryGatehouse(["status", "--name", vm.name, "--json"], { env: env(vm) });
  Deno.kill((JSON.parse(out) as { qemu_pid: number }).qemu_pid, "SIGKILL");
}

/** Changes keys in a running VM, and kills it in the middle. */
export async function changeAndKill(
  vm: VmOfKeys,
  lanes: readonly Lane[],
  up: Up,
  afterMs: number,
): Promise<void> {
  const { doors, close } = await open(up, lanes.length);
  await changeUntilKilled(lanes, doors, afterMs, () => killVm(vm)).finally(close);
}

/** Boots it and looks. @returns how it runs @throws Lost when something acknowledged is gone or something is half there */
export async function bootAndCheck<Running extends Up>(
  vm: VmOfKeys,
  lanes: readonly Lane[],
): Promise<Running> {
  const up = await gatehouseJson<Running>(["up", "--yes", "--name", vm.name], { env: env(vm) });
  const { doors, close } = await open(up, lanes.length);
  try {
    for (const [at, lane] of lanes.entries()) await lane.check(doors[at]);
  } finally {
    close();
  }
  return up;
}
