// One attack as a row of a table, and one attacker who carries it out over a socket.
// Must never send more frames than its row allows: being closed within them is what is tested.
import { concat, framesIn, goawayIn, PREFACE, readUntilClose } from "../lib/raw_http2.ts";

/** How a single request is refused: RST_STREAM with this code, or an answer with this `:status` and `grpc-status`. */
export type Refusal = { reset: number } | { status: string };

export interface Attack {
  name: string;
  /** As in the list of what a server must bound. */
  cve?: string[];
  /** The constants of src/http2/limits.ts that stop it. */
  limits: string[];
  /** What GOAWAY says: its code, and its debug text. */
  goaway: { code: number; debug: string | RegExp };
  /** How the first wrong request is refused, where the connection does not end with it. */
  refusal?: Refusal;
  /** How many attack at once, when not ATTACKERS. */
  attackers?: number;
  /** Frames by which the attacker has been told: the script is so long, or shorter. */
  frames: number;
  /** Everything after the preface. */
  script(): Uint8Array;
}

/** How long an attacker waits to be closed. */
const CLOSED_WITHIN_MS = 5_000;

/** What one run of the attack got. */
export interface Told {
  closed: boolean;
  goaway: { code: number; debug: string } | undefined;
  bytes: Uint8Array;
}

export const connect = (hostPort: string): Promise<Deno.TcpConn> => {
  const [hostname, port] = hostPort.split(":");
  return Deno.connect({ hostname, port: Number(port) });
};

/** Connects, sends, reads until it is closed. */
export async function attackOnce(hostPort: string, script: Uint8Array): Promise<Told> {
  const conn = await connect(hostPort);
  try {
    const sent = writeAll(conn, concat(PREFACE, script));
    const { bytes, closed } = await readUntilClose(conn, CLOSED_WITHIN_MS);
    await sent;
    return { closed, goaway: goawayIn(bytes), bytes };
  } finally {
    conn.close();
  }
}

/** Writes what the peer takes; it may close in the middle. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch {
    // Closed: what it answered is for the reader to judge.
  }
}

/** Frames in a script. */
export function countFrames(script: Uint8Array): number {
  let count = 0;
  for (const _ of framesIn(script)) count++;
  return count;
}
