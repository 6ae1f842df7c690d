// gatehouse sealing: the key under which the store of keys lies on disk, and how it is changed while it is in use.
// The key's file is replaced only after the signer is done: a crash anywhere leaves a file that opens the store.
import type { Command } from "commander";
import { randomBytes } from "node:crypto";
import type { ChangeSealingKeyRequestInit, SealingStatus } from "../proto/mod.ts";
import { exists, writeOnce } from "../files/write_once.ts";
import { GatehouseError, throwIfCancelled } from "../vm/errors.ts";
import { ownVmPaths, type VmPaths } from "../vm/paths.ts";
import { adoptSealingKey, SEALING_KEY_BYTES } from "../vm/sealing_key.ts";
import { withLock } from "../vm/vm_state.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action } from "./command.ts";
import { readInput } from "./files.ts";
import { note, print, printJson, progressReporter } from "./output.ts";
import { callsOwnVm } from "./server_option.ts";
import { sealForSigner } from "./transport_key.ts";

/** How often the signer is asked how far it is. */
const ASK_MS = 500;

export function register(program: Command): void {
  const sealing = program.command("sealing")
    .summary("the key that the store is sealed with: how it is, and change it")
    .addHelpText("after", "\nExamples:\n  gatehouse sealing status\n  gatehouse sealing change");
  registerStatus(sealing);
  registerChange(sealing);
}

function registerStatus(sealing: Command): void {
  adminOptions(sealing.command("status"))
    .summary("how many sealing keys there were, and whether a change goes on")
    .addHelpText("after", "\nExample:\n  gatehouse sealing status --json")
    .action(action(async ({ json, signal }, options: AdminOptions) => {
      await withAdmin(options, signal, async (client) => {
        const status = await statusOf(client);
        const unended = callsOwnVm(options) && await exists(ownVmPaths(options.name).nextSealingKey);
        if (json) return printJson({ ...statusJson(status), change_unended: unended });
        print(statusText(status));
        if (unended) note("A change was broken off. Next: gatehouse sealing change");
      });
    }));
}

interface ChangeOptions extends AdminOptions {
  newKey?: string;
}

function registerChange(sealing: Command): void {
  adminOptions(sealing.command("change"))
    .summary("seal every key anew, under another sealing key, while signing goes on")
    .option(
      "--new-key <file>",
      "32 bytes; made, 0600, if it isn't there (a VM of `gatehouse up`: may be left out)",
    )
    .addHelpText(
      "after",
      `
The new key goes encrypted to the signer alone. Broken off anywhere, run it again: until it is done both keys
open the store, and both files stay. For a VM that \`gatehouse up\` made, its sealing.key is replaced at the end,
and \`up\` finds the right one of the two after a crash. Elsewhere you put the file in its place when it is done.

Examples:
  gatehouse sealing change
  gatehouse sealing change --name second --new-key ./new-sealing.key
  gatehouse sealing change --server unix:///run/gatehouse.sock --admin-key alice.key --new-key ./new-sealing.key`,
    )
    .action(action(async ({ json, signal }, options: ChangeOptions) => {
      const paths = callsOwnVm(options) ? ownVmPaths(options.name) : undefined;
      const file = await prepareKey(options.newKey, paths);
      await withAdmin(options, signal, async (client) => {
        const status = await change(client, file, signal);
        if (paths !== undefined) await withLock(paths.lock, `VM ${paths.name}`, () => adopt(paths));
        if (json) {
          return printJson({
            ...statusJson(status),
            sealing_key: paths?.sealingKey ?? file,
            replaced: paths !== undefined,
          });
        }
        print(`Changed: ${statusText(status)}`);
        print(paths === undefined ? elsewhere(file) : ofVm(paths));
      });
    }));
}

const elsewhere = (file: string): string =>
  `Only ${file} opens the store now.
Next: put it in place of the file that the server was started with (serve: --sealing-key, or STATE.sealing-key),
before its next start. The old one opens nothing but older copies of the disk: destroy it with them.`;

const ofVm = ({ sealingKey }: VmPaths): string =>
  `${sealingKey} is the new one; back it up, apart from the disk. The old one is gone: it opened older copies of the disk.
The VM was booted with the old one; its signer holds the new one in memory, for its own restarts, until the next \`up\`.`;

/**
 * The file with the new key, on disk before the signer hears of it.
 * @returns where it is: for a VM beside the one that it will replace
 */
async function prepareKey(given: string | undefined, paths: VmPaths | undefined): Promise<string> {
  if (given === undefined && paths === undefined) {
    throw new GatehouseError(
      "bad-argument",
      "no --new-key: a server that isn't a VM of this machine gets its sealing key from you",
      "name a file for it with --new-key FILE; it is made if it isn't there",
    );
  }
  if (given !== undefined && given !== "-" && paths === undefined) await makeKey(given);
  if (paths === undefined) return checkedFile(given as string);
  const { nextSealingKey: next } = paths;
  // Left over when it took the other's place already.
  if (await exists(next) && equal(await Deno.readFile(next), await Deno.readFile(paths.sealingKey))) {
    await Deno.remove(next);
  }
  if (given === undefined) await makeKey(next);
  else {
    if (given !== "-") await makeKey(given);
    const key = await readKey(given);
    await writeOnce(next, key);
    if (!equal(await readKey(next), key)) {
      throw new GatehouseError(
        "state-damaged",
        `a change to another key was broken off: ${next}`,
        "end that one first: gatehouse sealing change",
      );
    }
  }
  return await checkedFile(next);
}

async function checkedFile(file: string): Promise<string> {
  if (file === "-") {
    throw new GatehouseError(
      "bad-argument",
      "--new-key -: the key must lie in a file before it is used",
      "name a file",
    );
  }
  await readKey(file);
  return file;
}

async function makeKey(file: string): Promise<void> {
  try {
    await writeOnce(file, randomBytes(SEALING_KEY_BYTES));
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't write ${file}: ${error instanceof Error ? error.message : error}`,
      "name a file that can be written",
    );
  }
}

async function readKey(file: string): Promise<Uint8Array> {
  const next = `give ${SEALING_KEY_BYTES} random bytes, or a file that isn't there yet`;
  const key = await readInput(file, SEALING_KEY_BYTES, next);
  if (key.length === SEALING_KEY_BYTES) return key;
  throw new GatehouseError(
    "bad-argument",
    `${file} has ${key.length} bytes, and a sealing key ${SEALING_KEY_BYTES}`,
    next,
  );
}

const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

async function change(client: AdminClient, file: string, signal: AbortSignal): Promise<SealingStatus> {
  // One that was broken off goes on by itself.
  await done(client, await statusOf(client), signal);
  const begun = await client.unary<ChangeSealingKeyRequestInit, SealingStatus>(
    "/gatehouse.v1.Sealing/Change",
    {
      sealed_key: await sealForSigner(client, await readKey(file)),
    },
  );
  return await done(client, begun, signal);
}

/** Waits until every key is under one sealing key. */
async function done(client: AdminClient, from: SealingStatus, signal: AbortSignal): Promise<SealingStatus> {
  const progress = progressReporter();
  let status = from;
  try {
    while (status.rows_left > 0) {
      throwIfCancelled(signal);
      progress.report({
        step: "seal",
        detail: `${rowsText(status)} left; interrupted, it goes on in the signer`,
      });
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      status = await statusOf(client);
    }
    return status;
  } finally {
    progress.done();
  }
}

/** Another command may have done it meanwhile. */
async function adopt({ sealingKey, nextSealingKey }: VmPaths): Promise<void> {
  if (await exists(nextSealingKey)) await adoptSealingKey(sealingKey, nextSealingKey);
}

const statusOf = (client: AdminClient): Promise<SealingStatus> =>
  client.unary("/gatehouse.v1.Sealing/GetStatus", {});

const statusJson = ({ generation, rows_left }: SealingStatus) => ({
  generation: generation.toNumber(),
  rows_left,
});

/** A key has a row of its own and one a version, and other things have rows too. */
const rowsText = ({ rows_left }: Pick<SealingStatus, "rows_left">): string =>
  `${rows_left} row${rows_left === 1 ? "" : "s"} of the store`;

export const statusText = (status: SealingStatus): string =>
  `sealing key ${status.generation}, ${
    status.rows_left === 0 ? "every key is under it" : `${rowsText(status)} still under the one before`
  }`;
