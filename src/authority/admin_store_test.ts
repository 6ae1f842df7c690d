import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventKind, Role } from "../proto/mod.ts";
import { MAX_ADMINS } from "./admin_file.ts";
import { recordingLogger } from "../agent/log/testkit.ts";
import { diskSteps, type FileSteps } from "../files/durable_file.ts";
import { AdminStore, AdminStoreError, FIRST_ADMIN } from "./admin_store.ts";
import { keyPair } from "./authority_testkit.ts";

let dir: string;
let log: ReturnType<typeof recordingLogger>;
let events: number[];
const owner = keyPair();
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-admins-" });
  log = recordingLogger();
  events = [];
});
afterEach(() => Deno.remove(dir, { recursive: true }));

const credential = () => join(dir, "gatehouse.admin");
const file = () => join(dir, "admins.json");

const open = (files?: FileSteps) =>
  AdminStore.open({
    files,
    stateDir: dir,
    credentialsDir: dir,
    log,
    emit: (kind) => void events.push(kind),
    now: () => 1_795_000_000_000,
  });

async function opened() {
  await Deno.writeTextFile(credential(), owner.pem);
  return await open();
}

const names = (store: AdminStore) => store.list().map(({ name }) => name);

async function kindOf(change: Promise<unknown>): Promise<string> {
  try {
    await change;
    return "done";
  } catch (error) {
    if (!(error instanceof AdminStoreError)) throw error;
    return error.kind;
  }
}

test("the credential enrols the first administrator, and what is kept outlives a restart, for its owner's eyes", async () => {
  const store = await opened();
  expect(store.find(owner.proving.keyId)).toMatchObject({
    name: FIRST_ADMIN,
    role: Role.ADMIN,
    addedBy: "bootstrap",
  });
  expect(events).toEqual([EventKind.ADMIN_ADDED]);
  expect((await Deno.stat(file())).mode! & 0o777).toBe(0o600);
  const clerk = keyPair("p256");
  await store.add({ name: "clerk", role: Role.OPERATOR, spki: clerk.spki, addedBy: "admin:owner" });
  const again = await open();
  expect(again.list()).toMatchObject([
    { name: FIRST_ADMIN, role: Role.ADMIN },
    { name: "clerk", role: Role.OPERATOR, addedAtMs: 1_795_000_000_000, addedBy: "admin:owner" },
  ]);
  expect(again.find(clerk.proving.keyId)?.name).toBe("clerk");
});

test("a line of OpenSSH enrols too", async () => {
  const blob = new Uint8Array([
    ...new TextEncoder().encode("\0\0\0\x0bssh-ed25519\0\0\0\x20"),
    ...owner.spki.subarray(12),
  ]);
  await Deno.writeTextFile(credential(), `ssh-ed25519 ${blob.toBase64()} me@host\n`);
  expect((await open()).find(owner.proving.keyId)?.name).toBe(FIRST_ADMIN);
});

test("once somebody was enrolled the credential enrols nobody", async () => {
  const store = await opened();
  const second = keyPair();
  await store.add({ name: "second", role: Role.ADMIN, spki: second.spki, addedBy: "" });
  await store.remove(FIRST_ADMIN, "");
  await Deno.writeTextFile(credential(), keyPair().pem);
  expect(names(await open())).toEqual(["second"]);
});

test.each([
  ["cut short", (text: string) => text.slice(0, -20)],
  ["empty", () => ""],
  ["of another version", (text: string) => text.replace('"version": 1', '"version": 2')],
  ["without an administrator", (text: string) => text.replace('"admin"', '"operator"')],
  ["with a key that can't be read", (text: string) => text.replace("MCow", "MCox")],
  ["with a key that it doesn't know", (text: string) => text.replace("{\n", '{\n  "more": 1,\n')],
])("a list that is %s refuses administration, says so, and is left alone", async (_name, damage) => {
  await opened();
  const damaged = damage(await Deno.readTextFile(file()));
  await Deno.writeTextFile(file(), damaged);
  const store = await open();
  expect(store.damaged).toBe(true);
  expect(store.find(owner.proving.keyId)).toBeUndefined();
  expect(await Deno.readTextFile(file())).toBe(damaged);
  expect(log.lines.at(-1)?.message).toContain("can't be read: nobody may administrate");
});

test("without a credential, or with a bad one, nobody is enrolled and the log says what to do", async () => {
  expect(names(await open())).toEqual([]);
  expect(String(log.lines.at(-1)?.fields.next)).toContain("gatehouse.admin");
  await Deno.writeTextFile(credential(), "ssh-rsa AAAA");
  const store = await open();
  expect([names(store), store.damaged]).toEqual([[], false]);
  expect(String(log.lines.at(-1)?.fields.error)).toContain("neither PEM");
  // The next start may bring a good one.
  expect(names(await opened())).toEqual([FIRST_ADMIN]);
});

test("names, roles and keys are checked, and each name and key is enrolled once", async () => {
  const store = await opened();
  const { spki } = keyPair();
  const add = (change: object) =>
    kindOf(store.add({ name: "x", role: Role.ADMIN, spki, addedBy: "", ...change }));
  for (const name of ["", "A", "a b", "ä", "a".repeat(65), "a\n"]) {
    expect(await add({ name })).toBe("bad-name");
  }
  for (const role of [Role.ROLE_UNSPECIFIED, Role.USER, 7]) expect(await add({ role })).toBe("bad-role");
  expect(await add({ spki: new Uint8Array(44) })).toBe("bad-key");
  expect(await add({ name: FIRST_ADMIN })).toBe("exists");
  expect(await add({ spki: owner.spki })).toBe("exists");
  expect(names(store)).toEqual([FIRST_ADMIN]);
  expect(await add({})).toBe("done");
});

test("the last administrator stays, whatever operators there are, also when two are removed at once", async () => {
  const store = await opened();
  await store.add({ name: "op", role: Role.OPERATOR, spki: keyPair().spki, addedBy: "" });
  expect(await kindOf(store.remove(FIRST_ADMIN, ""))).toBe("last");
  expect(await kindOf(store.remove("nobody", ""))).toBe("missing");
  await store.add({ name: "two", role: Role.ADMIN, spki: keyPair().spki, addedBy: "" });
  const both = await Promise.all([kindOf(store.remove(FIRST_ADMIN, "")), kindOf(store.remove("two", ""))]);
  expect(both).toEqual(["done", "last"]);
  expect(events.at(-1)).toBe(EventKind.ADMIN_REMOVED);
  expect(names(await open())).toEqual(["op", "two"]);
});

test("no more are enrolled than the list holds", async () => {
  const store = await opened();
  const add = (i: number) =>
    kindOf(store.add({ name: `n${i}`, role: Role.ADMIN, spki: keyPair().spki, addedBy: "" }));
  for (let i = 1; i < MAX_ADMINS; i++) expect(await add(i)).toBe("done");
  expect(await add(MAX_ADMINS)).toBe("full");
  expect(names(await open()).length).toBe(MAX_ADMINS);
});

test("a change that can't be kept changes nothing", async () => {
  const store = await opened();
  // A directory of that name: nothing can be renamed over it.
  await Deno.remove(file());
  await Deno.mkdir(join(file(), "inside"), { recursive: true });
  await expect(store.add({ name: "x", role: Role.ADMIN, spki: keyPair().spki, addedBy: "" })).rejects
    .toThrow();
  expect(names(store)).toEqual([FIRST_ADMIN]);
});

test("changes that wait while who asked for them is removed are not made", async () => {
  const store = await opened();
  const clerk = keyPair();
  await store.add({ name: "clerk", role: Role.ADMIN, spki: clerk.spki, addedBy: "admin:owner" });
  const enrolled = store.find(clerk.proving.keyId);
  const stands = () => store.find(clerk.proving.keyId) === enrolled;
  const back = { name: "back", role: Role.ADMIN, spki: keyPair().spki, addedBy: "admin:clerk" };
  const all = [
    store.remove("clerk", "admin:owner"),
    store.add(back, stands),
    store.remove(FIRST_ADMIN, "admin:clerk", stands),
  ];
  expect(await Promise.all(all.map(kindOf))).toEqual(["done", "removed", "removed"]);
  expect(names(store)).toEqual([FIRST_ADMIN]);
});

test("who was not enrolled since the disk took it badly isn't enrolled at the next start either", async () => {
  await opened();
  let fails = true;
  const syncDir = (path: string) => {
    const now = fails;
    fails = false;
    return now ? Promise.reject(new Error("input/output error")) : diskSteps.syncDir(path);
  };
  const store = await open({ ...diskSteps, syncDir });
  const late = { name: "late", role: Role.ADMIN, spki: keyPair().spki, addedBy: "admin:owner" };
  await expect(store.add(late)).rejects.toThrow("input/output error");
  expect([names(store), names(await open())]).toEqual([[FIRST_ADMIN], [FIRST_ADMIN]]);
});
