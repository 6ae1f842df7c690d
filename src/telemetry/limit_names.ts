// The names of limits that may become a label.
// Must never let a text through that isn't in the list: an error's message may carry what a peer said.
import { CallLimit, HttpLimit } from "../grpc/server_observer.ts";

const NAMES: ReadonlySet<string> = new Set([
  // Connections that get no place (src/grpc/server.ts).
  "shutting_down",
  "too_many_connections",
  "too_many_connections_of_peer",
  // Connections that are ended or end (src/grpc/upkeep.ts, ping_strikes.ts).
  "keepalive_timeout",
  "max_age",
  "max_age_grace",
  "max_idle",
  // HTTP/2 (src/http2/floods.ts and the files beside it): the debug words of GOAWAY and RST_STREAM.
  "too_many_continuations",
  "too_many_ignored_frames",
  "too_many_pings",
  "too_many_priority_frames",
  "too_many_queued_control_frames",
  "too_many_resets",
  "too_many_settings",
  "too_many_stream_errors",
  "too_many_streams",
  "too_many_tiny_data_frames",
  "too_many_window_updates",
  "header_block_timeout",
  "header_block_too_large",
  "header_list_bomb",
  "header_list_too_large",
  "preface_timeout",
  "send_stalled",
  "settings_timeout",
  // Calls and messages.
  ...Object.values(CallLimit),
  ...Object.values(HttpLimit),
]);

/** The label of a limit's name; undefined for any other text. */
export const limitLabel = (text: string): string | undefined => NAMES.has(text) ? text : undefined;

/** How many there may be, "other" included. */
export const LIMIT_LABELS = NAMES.size + 1;
