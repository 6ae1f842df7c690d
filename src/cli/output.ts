// Everything that the command line prints goes through here: text for people,
// one JSON value for programs, errors that end with the next thing to type.
import { status } from "@grpc/grpc-js";
import { ConfigError } from "../agent/config/mod.ts";
import { visible } from "../agent/log/escape.ts";
import { PkiError } from "../pki/error.ts";
import { reasonIn, violationsIn } from "../services/refusal.ts";
import { ProgramStartError } from "../processes/supervisor.ts";
import { SignerStartError } from "../signer/process.ts";
import { NEXT_BY_KEY_REASON } from "./key_refusals.ts";
import { AddressError, SocketError } from "../transport/mod.ts";
import { GatehouseError } from "../vm/errors.ts";
import type { OnProgress } from "../vm/progress.ts";

const encoder = new TextEncoder();

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

/** A server's words may stand anywhere in it, and a terminal obeys control characters. Line ends and tabs stay; JSON stays JSON. */
const printable = (text: string): string => text.replace(/[^\n\t]+/g, (part) => visible(part, Infinity));

/** Raw bytes to standard output. */
export const printBytes = (bytes: Uint8Array): void => writeAll(Deno.stdout, bytes);
export const print = (line: string): void => printBytes(encoder.encode(printable(line) + "\n"));
/** To standard error: what a pipe must not receive. */
export const note = (line: string): void => writeAll(Deno.stderr, encoder.encode(printable(line) + "\n"));
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));
/** One value a line, where there are several (NDJSON). */
export const printJsonLine = (value: unknown): void => print(JSON.stringify(value));

/** Columns as wide as their widest cell; the first row is the heading. */
export function table(rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join(
    "\n",
  );
}

/** Elsewhere than on a terminal, a long step says this often how far it is. */
const QUIET_MS = 15_000;

const DEFAULT_COLUMNS = 80;

/** Draws progress on standard error: one line rewritten on a terminal; elsewhere a line a step, and now and then one more. */
export function progressReporter(): { report: OnProgress; done(): void } {
  const terminal = Deno.stderr.isTerminal();
  const started = performance.now();
  let last = "";
  let saidAt = started;
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s`;
  return {
    report({ step, detail, fraction }) {
      const percent = fraction === undefined ? "" : ` ${Math.round(fraction * 100)}%`;
      if (terminal) {
        // A pseudo-terminal that was given no size says 0.
        const columns = Deno.consoleSize().columns || DEFAULT_COLUMNS;
        const line = `${seconds()}  ${step}${percent}  ${detail}`.slice(0, columns - 1);
        writeAll(Deno.stderr, encoder.encode(`\r\x1b[2K${line}`));
      } else if (step !== last || performance.now() - saidAt > QUIET_MS) {
        saidAt = performance.now();
        note(`${seconds()}  ${step}: ${detail}`);
      }
      last = step;
    },
    done() {
      if (terminal && last) writeAll(Deno.stderr, encoder.encode("\r\x1b[2K"));
      last = "";
    },
  };
}

interface Failure {
  code: string;
  message: string;
  next?: string;
  details?: { field: string; description: string }[];
}

/** A failed call, as grpc-js's clients and ours throw it. */
interface CallError extends Error {
  code: number;
  details: string;
  metadata?: Parameters<typeof violationsIn>[0];
}

const isCallError = (error: unknown): error is CallError =>
  error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;

/** What a failed call says of single fields; none when it is something else. */
export const violationsOf = (error: unknown): ReturnType<typeof violationsIn> =>
  isCallError(error) && error.metadata ? violationsIn(error.metadata) : [];

const NEXT_BY_STATUS: Partial<Record<number, string>> = {
  [status.UNAVAILABLE]: "check that the server runs (`gatehouse status`) and that --server names it",
  [status.DEADLINE_EXCEEDED]: "try again, or give it longer with --timeout",
  [status.UNIMPLEMENTED]: "the server doesn't have this method: is --server a Gatehouse?",
  [status.UNAUTHENTICATED]:
    "prove an enrolled key with --admin-key FILE over VSOCK or a Unix socket, or give a certificate (--cert, --key) over tls://",
  [status.PERMISSION_DENIED]: "`gatehouse whoami` says who you are there; an administrator can allow more",
  [status.INVALID_ARGUMENT]: "mend the named argument; `--help` shows what is allowed",
};

/** What a refusal's reason (google.rpc.ErrorInfo) tells more than its status. */
const NEXT_BY_REASON: Partial<Record<string, string>> = {
  TRANSPORT_NEVER: "call the server by vsock:// or unix://, with --admin-key FILE; no certificate allows it",
  PROOF_MISSING: "give the private half of an enrolled key with --admin-key FILE",
  PROOF_INVALID:
    "give the private half of an enrolled key with --admin-key FILE; an administrator enrols others",
  CLOCK_UNKNOWN: "call the server by vsock:// or unix://; `gatehouse status` there says what its clock lacks",
  PROVE_AGAIN: "run the command again",
};

const NEXT_FOR_CERTIFICATES =
  "mend what is named: --ca is the server's authority, --cert and --key are our own certificate and its key";

function nextAfterCall({ code, details, metadata }: CallError): string | undefined {
  const reason = metadata && reasonIn(metadata);
  const keyNext = reason === undefined ? undefined : NEXT_BY_KEY_REASON.get(reason);
  if (keyNext !== undefined) return keyNext;
  // A change that is refused for the clock's sake comes by the way that is advised.
  if (reason !== undefined && code !== status.FAILED_PRECONDITION && NEXT_BY_REASON[reason] !== undefined) {
    return NEXT_BY_REASON[reason];
  }
  // The channel's own words: what the server says of certificates comes with a reason.
  if (code === status.UNAVAILABLE && /^No connection.*certificate/s.test(details)) {
    return NEXT_FOR_CERTIFICATES;
  }
  return NEXT_BY_STATUS[code];
}

export function failureOf(error: unknown): Failure {
  if (error instanceof GatehouseError) return { code: error.code, message: error.message, next: error.next };
  if (isCallError(error)) {
    return {
      code: status[error.code] ?? String(error.code),
      message: `${status[error.code] ?? error.code}: ${error.details}`,
      next: nextAfterCall(error),
      details: error.metadata ? violationsIn(error.metadata) : undefined,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "failed", message, ...knownFailure(error) };
}

/** Errors of parts that know no command line: what to type after them is known here. */
function knownFailure(error: unknown): Pick<Failure, "code" | "next"> | undefined {
  if (error instanceof AddressError) {
    return {
      code: "bad-address",
      next:
        "write it as tcp://host:port, tls://host:port, unix:///path, vsock://cid:port or vsock+unix:///path:port",
    };
  }
  if (error instanceof ConfigError) {
    return {
      code: "bad-config",
      next: `mend the file, then check it: gatehouse config check ${error.fileName}`,
    };
  }
  if (error instanceof PkiError) return { code: "bad-certificate", next: error.next };
  if (error instanceof SignerStartError) {
    return {
      code: "signer-failed",
      next: "mend what the signer's line names; --state and --sealing-key say where its keys lie",
    };
  }
  if (error instanceof ProgramStartError) {
    return {
      code: "edge-failed",
      next:
        "mend what the edge's line names; --listen says where it listens, --tls-dir and the like with what",
    };
  }
  if (error instanceof SocketError) {
    return {
      code: error.code,
      next: error.message.startsWith("can't listen")
        ? "free that address, or listen at another one"
        : "check that the server runs (`gatehouse status`) and that the address names it",
    };
  }
  return undefined;
}

/** Says what went wrong, on standard error, or as JSON on standard output. */
export function reportFailure(error: unknown, json: boolean): void {
  const failure = failureOf(error);
  if (json) return printJson({ error: failure });
  note(`gatehouse: ${failure.message}`);
  if (failure.next) note(`Next: ${failure.next}`);
  if (Deno.env.get("GATEHOUSE_DEBUG") && error instanceof Error) note(error.stack ?? "");
}
