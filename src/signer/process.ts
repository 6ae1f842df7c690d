// The signer's program beside the agent, for `gatehouse serve`: how it is started and told from its lines.
import type { Clock } from "../grpc/clock.ts";
import { ProgramStartError, Supervisor } from "../processes/supervisor.ts";

export interface SignerProcessOptions {
  readonly binary: string;
  /** Path of the Unix socket that it is to listen on. */
  readonly socket: string;
  readonly stateDir: string;
  readonly sealingKeyFile: string;
  /** To whom backups are encrypted; taken where the store has no such recipient yet. */
  readonly recoveryRecipientFile?: string;
  /** Each line that it writes, and what happens to it. */
  readonly onLog: (line: string) => void;
  readonly clock?: Clock;
}

export interface SignerProcess {
  /** Ends it and resolves when it is gone. Stopping twice is no error. */
  stop(): Promise<void>;
}

/** It could not start; the message is its own and says what to do. */
export class SignerStartError extends ProgramStartError {
  override readonly name = "SignerStartError";
}

/** Making an RSA key can take seconds on an emulated processor. */
const START_TIMEOUT_MS = 30_000;
/** Wrong usage, a damaged store, no usable sealing key, a wrong one: as the unit in image/units has it. */
const FINAL_EXIT_CODES = [2, 65, 66, 78];
/** Its own grace for what is in flight is 5 s. */
const STOP_GRACE_MS = 6_000;

/**
 * Starts the signer and starts it again whenever it dies.
 * @returns when it answers for the first time
 * @throws SignerStartError when the first start fails
 */
export async function startSignerProcess(options: SignerProcessOptions): Promise<SignerProcess> {
  const { binary, socket, stateDir, sealingKeyFile, recoveryRecipientFile, onLog, clock } = options;
  const args = [
    "--socket",
    socket,
    "--state",
    stateDir,
    "--sealing-key-file",
    sealingKeyFile,
    ...(recoveryRecipientFile === undefined ? [] : ["--recovery-recipient-file", recoveryRecipientFile]),
    "--stop-at-stdin-end",
  ];
  // Log lines are JSON.
  const isReady = (line: string) => line.startsWith("gatehouse-signer ready ");
  const supervisor = new Supervisor({
    name: "signer",
    program: { binary, args, isReady },
    // A store that is gone must not become a new identity in silence.
    restarted: { binary, args: [...args, "--existing-store"], isReady },
    finalExitCodes: FINAL_EXIT_CODES,
    startTimeoutMs: START_TIMEOUT_MS,
    stopGraceMs: STOP_GRACE_MS,
    onLog,
    clock,
  });
  try {
    await supervisor.start();
  } catch (error) {
    if (!(error instanceof ProgramStartError)) throw error;
    throw new SignerStartError(error.message, error.exitCode);
  }
  return supervisor;
}
