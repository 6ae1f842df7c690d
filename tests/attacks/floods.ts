// Floods: legal frames, too many of them. Each ends in a GOAWAY that names the bound of src/http2/limits.ts.
// Must never build a script longer than its row says.
import { ErrorCode } from "../../src/http2/mod.ts";
import * as limits from "../../src/http2/limits.ts";
import { MAX_PING_STRIKES } from "../../src/grpc/limits.ts";
import { concat, FRAME, frame } from "../lib/raw_http2.ts";
import type { Attack } from "./attack.ts";
import {
  CALL,
  call,
  data,
  ECHO,
  echoOf,
  END_STREAM,
  headers,
  hello,
  HELLO_FRAMES,
  INITIAL_WINDOW_SIZE,
  reset,
  settingsFrame,
  stream,
  windowUpdate,
} from "./pieces.ts";

/** The names of limits.ts whose value is a number. */
type Limit = {
  [K in keyof typeof limits]: (typeof limits)[K] extends number ? K : never;
}[keyof typeof limits];

interface Flood {
  name: string;
  cve?: string[];
  /** The bound, and what the clock gives back in the second that the script may take. */
  burst: Limit;
  perSecond: Limit;
  debug: string;
  /** What each event of the flood costs of the burst. */
  cost?: number;
  settings?: number[];
  /** Before the flood. */
  first?: Uint8Array[];
  /** The i-th piece, of `framesEach` frames. */
  piece: (i: number) => Uint8Array;
  framesEach?: number;
}

function flood(row: Flood): Attack {
  const cost = row.cost ?? 1;
  const times = Math.floor((limits[row.burst] + limits[row.perSecond]) / cost) + 1;
  const first = row.first ?? [];
  return {
    name: row.name,
    cve: row.cve,
    limits: [row.burst, row.perSecond],
    goaway: { code: ErrorCode.ENHANCE_YOUR_CALM, debug: row.debug },
    frames: HELLO_FRAMES + first.length + times * (row.framesEach ?? 1),
    script: () =>
      concat(
        hello(...row.settings ?? []),
        ...first,
        ...Array.from({ length: times }, (_, i) => row.piece(i)),
      ),
  };
}

const pings = { burst: "PING_BURST", perSecond: "PINGS_PER_SECOND" } as const;
const settings = { burst: "SETTINGS_BURST", perSecond: "SETTINGS_PER_SECOND" } as const;
const priority = { burst: "PRIORITY_BURST", perSecond: "PRIORITY_PER_SECOND" } as const;
const windows = { burst: "WINDOW_UPDATE_BURST", perSecond: "WINDOW_UPDATES_PER_SECOND" } as const;
const ignored = { burst: "IGNORED_FRAME_BURST", perSecond: "IGNORED_FRAMES_PER_SECOND" } as const;
const resets = { burst: "RESET_BURST", perSecond: "RESETS_PER_SECOND" } as const;
const tiny = {
  burst: "TINY_DATA_BUDGET_BYTES",
  perSecond: "TINY_DATA_BYTES_PER_SECOND",
  cost: limits.TINY_DATA_COST_BYTES,
} as const;

/** The first one, the strikes that are forgiven, and the one too many (gRFC A8). */
const PINGS = 1 + MAX_PING_STRIKES + 1;
const PING = frame(FRAME.PING, 0, 0, new Uint8Array(8));
/** RFC 9113, section 6.3: stream 0 is what it depends on, weight 16. */
const PRIORITY_FIELDS = Uint8Array.of(0, 0, 0, 0, 15);
const UNKNOWN_TYPE = 0xba;

export const FLOODS: Attack[] = [
  {
    name: "PING flood",
    cve: ["CVE-2019-9512"],
    limits: [],
    goaway: { code: ErrorCode.ENHANCE_YOUR_CALM, debug: "too_many_pings" },
    frames: HELLO_FRAMES + PINGS,
    script: () => concat(hello(), ...Array.from({ length: PINGS }, () => PING)),
  },
  flood({
    name: "PING flood, a call before each",
    cve: ["CVE-2019-9512"],
    ...pings,
    debug: "too_many_pings",
    piece: (i) => concat(call(i), PING),
    framesEach: 3,
  }),
  flood({
    name: "SETTINGS flood",
    cve: ["CVE-2019-9515"],
    ...settings,
    debug: "too_many_settings",
    piece: () => settingsFrame(),
  }),
  flood({
    name: "SETTINGS that move every stream's window to and fro",
    cve: ["CVE-2019-9515", "CVE-2019-9517"],
    ...settings,
    debug: "too_many_settings",
    first: Array.from({ length: 100 }, (_, i) => headers(i)),
    piece: (i) => settingsFrame(INITIAL_WINDOW_SIZE, i % 2 * 65_535),
  }),
  flood({
    name: "PRIORITY flood",
    cve: ["CVE-2019-9513"],
    ...priority,
    debug: "too_many_priority_frames",
    piece: (i) => frame(FRAME.PRIORITY, 0, stream(i), PRIORITY_FIELDS),
  }),
  flood({
    name: "WINDOW_UPDATE flood",
    ...windows,
    debug: "too_many_window_updates",
    piece: () => windowUpdate(0, 1),
  }),
  flood({
    name: "data dribble: a window that grows by one byte at a time",
    cve: ["CVE-2019-9511", "CVE-2019-9517"],
    ...windows,
    debug: "too_many_window_updates",
    settings: [INITIAL_WINDOW_SIZE, 0],
    first: [headers(0), data(0, echoOf(4_000), END_STREAM)],
    piece: () => windowUpdate(stream(0), 1),
  }),
  flood({
    name: "empty DATA",
    cve: ["CVE-2019-9518"],
    ...tiny,
    debug: "too_many_tiny_data_frames",
    first: [headers(0)],
    piece: () => data(0, new Uint8Array()),
  }),
  flood({
    name: "DATA of one byte",
    cve: ["CVE-2019-9518"],
    ...tiny,
    debug: "too_many_tiny_data_frames",
    first: [headers(0)],
    piece: (i) => data(0, CALL.subarray(i % 2, i % 2 + 1)),
  }),
  flood({
    name: "DATA of nothing but padding",
    cve: ["CVE-2019-9518"],
    ...tiny,
    debug: "too_many_tiny_data_frames",
    first: [headers(0)],
    piece: () => data(0, Uint8Array.of(250, ...new Array<number>(250).fill(0)), 8),
  }),
  flood({
    name: "rapid reset of requests without an end",
    cve: ["CVE-2023-44487"],
    ...resets,
    debug: "too_many_resets",
    piece: (i) => concat(headers(i), reset(i)),
    framesEach: 2,
  }),
  flood({
    name: "rapid reset of whole calls",
    cve: ["CVE-2023-44487"],
    ...resets,
    debug: "too_many_resets",
    piece: (i) => concat(headers(i), data(i, CALL, END_STREAM), reset(i)),
    framesEach: 3,
  }),
  flood({
    name: "frames of an unknown type",
    ...ignored,
    debug: "too_many_ignored_frames",
    piece: (i) => frame(UNKNOWN_TYPE, 0, stream(i)),
  }),
  flood({
    name: "answers to PINGs that nobody sent",
    ...ignored,
    debug: "too_many_ignored_frames",
    piece: () => frame(FRAME.PING, 1, 0, new Uint8Array(8)),
  }),
  flood({
    name: "DATA on a stream that was refused",
    ...ignored,
    debug: "too_many_ignored_frames",
    first: [headers(0, ECHO), windowUpdate(stream(0), 0)],
    piece: () => data(0, new Uint8Array(), END_STREAM),
  }),
];
