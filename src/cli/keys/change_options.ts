// --request-id and --if-revision, the same on every command that changes a key.
import type { Command } from "commander";
import type { Key } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { type AdminOptions, adminOptions } from "../admin_client.ts";
import { wholeNumber } from "../command.ts";

/** What the API takes. */
const MAX_REQUEST_ID_CHARS = 64;

export interface MakeOptions extends AdminOptions {
  requestId?: string;
}

export interface ChangeOptions extends MakeOptions {
  ifRevision?: string;
}

/** For what has no revision yet. @param timeoutMs what --timeout is when it isn't given */
export const makeOptions = (command: Command, timeoutMs?: number): Command =>
  adminOptions(command, timeoutMs).option(
    "--request-id <id>",
    "a name for this change: sent again with the same one, it is done once",
  );

export const changeOptions = (command: Command, timeoutMs?: number): Command =>
  makeOptions(command, timeoutMs).option(
    "--if-revision <n>",
    "only if the key is at this revision (`gatehouse keys get`); else it is refused, ABORTED",
  );

export function requestId({ requestId: id = "" }: MakeOptions): string {
  if (id.length <= MAX_REQUEST_ID_CHARS) return id;
  throw new GatehouseError(
    "bad-argument",
    `--request-id has ${id.length} characters, at most ${MAX_REQUEST_ID_CHARS} are taken`,
    "choose a shorter one; `uuidgen` makes one",
  );
}

/** 0: whatever it is. */
export const ifRevision = ({ ifRevision: text }: ChangeOptions): number =>
  text === undefined ? 0 : wholeNumber("--if-revision", text, 1, Number.MAX_SAFE_INTEGER);

export const changeOf = (id: string, options: ChangeOptions) => ({
  id,
  request_id: requestId(options),
  expected_revision: ifRevision(options),
});

type Change = ReturnType<typeof changeOf>;

/**
 * What was read is what is changed: ABORTED when somebody else was quicker. One with a request id stays word for word
 * the same when it is sent again.
 */
export const atRevision = (change: Change, before: Key): Change =>
  change.request_id !== "" || change.expected_revision !== 0
    ? change
    : { ...change, expected_revision: before.revision.toNumber() };
