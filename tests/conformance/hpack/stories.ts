// The header lists that foreign encoders were given: what each story tries is its name.
// Must stay as it is once the corpus is made: make.ts writes both, the test reads both.

/** `secret` asks the encoder for never-indexed. */
export type Field = [name: string, value: string, secret?: "secret"];
/** A list, or the peer's new table size. */
export type Event = Field[] | number;

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
/** A repeatable text that looks random. */
function noise(seed: number, length: number, letters = "abcdefghijklmnopqrstuvwxyz0123456789"): string {
  let state = seed * 2_654_435_761 >>> 0 || 1;
  let text = "";
  while (text.length < length) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += letters[(state >>> 0) % letters.length];
  }
  return text;
}
const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const request = (path: string, authority = "gatehouse.test:50051"): Field[] => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", authority],
];
const grpc = (path: string): Field[] => [
  ...request(path),
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", "grpc-go/1.85.0"],
];

const grpcRequests = times(24, (i): Field[] => [
  ...grpc(["/echo.EchoService/Echo", "/grpc.health.v1.Health/Check", "/a.b.C/D", "/a.b.C/List"][i % 4]),
  ["grpc-timeout", `${100 + 37 * i}m`],
  ["grpc-accept-encoding", "gzip, deflate"],
  ["traceparent", `00-${noise(i, 32, "0123456789abcdef")}-${noise(i + 99, 16, "0123456789abcdef")}-01`],
  ["x-request-id", noise(i, 20)],
  ...(i % 3 === 0 ? [["authorization", `Bearer ${noise(i % 6, 80)}`, "secret"] as Field] : []),
]);

const grpcResponses = times(
  24,
  (i): Field[] =>
    i % 2 === 0
      ? [[":status", "200"], ["content-type", "application/grpc"], ["grpc-encoding", "identity"], [
        "date",
        `Sat, 21 Nov 2026 08:${10 + i}:00 GMT`,
      ]]
      : [["grpc-status", String(i % 17)], [
        "grpc-message",
        i % 3 === 0 ? "" : `not%20found%3A ${noise(i, 12)}`,
      ]],
);

const browser = times(16, (i): Field[] => [
  [":method", i % 5 === 4 ? "HEAD" : "GET"],
  [":scheme", "https"],
  [":authority", i % 4 === 0 ? "static.example.org" : "www.example.org"],
  [":path", `/assets/${noise(i, 6)}/${noise(i + 7, 10)}.js?v=${i}`],
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"],
  ["accept", i % 2 ? "*/*" : "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["accept-language", "en-US,en;q=0.5"],
  ["accept-encoding", "gzip, deflate"],
  ["referer", `https://www.example.org/${noise(i >> 2, 12)}`],
  ["cookie", `session=${noise(3, 40)}`, "secret"],
  ["cookie", `seen=${i}`],
  ["if-none-match", `"${noise(i, 16, "0123456789abcdef")}"`],
]);

const binary = times(12, (i): Field[] => [
  ...grpc("/a.b.C/Binary"),
  ["grpc-trace-bin", noise(i, 40, base64)],
  ["x-data-bin", noise(i + 50, 4 * (1 + (i * 7) % 60), base64) + "=="],
  ["x-empty-bin", ""],
]);

const long = times(8, (i): Field[] => [
  ...request(`/${noise(i, 30 + 200 * i)}`),
  ["x-long", noise(i, [126, 127, 128, 255, 256, 2_000, 4_000, 4_100][i])],
  ["x-huge-plain", noise(i, 500, '\\^~{}|<>"')],
]);

const resizes: Event[] = times(20, (i): Event[] => [
  ...(i % 2 ? [[0, 4_096, 128, 64, 1_000, 33][(i >> 1) % 6]] : []),
  ...(i === 9 ? [0, 4_096] : []),
  [...grpc("/a.b.C/D"), ["x-turn", String(i >> 2)]],
]).flat();

const octets = times(8, (i): Field[] => [
  ...request("/octets"),
  ["x-obs-text", times(32, (at) => String.fromCharCode(0x80 + ((i * 32 + at) & 0x7f))).join("")],
  ["x-printable", times(47, (at) => String.fromCharCode(0x21 + ((i * 47 + at) % 94))).join("")],
  ["!#$%&'*+-.^_`|~0123456789", "every sign of a token"],
  ["x-empty", ""],
  ["x-tab", "a\tb  c"],
]);

const evictions = times(40, (i): Field[] => [
  ...request("/evictions"),
  ["x-unique-one", noise(i, 60)],
  [`x-name-${i % 23}`, noise(i, 70)],
  ["x-back", noise(Math.max(0, i - 5), 60)],
]);

const many = times(
  3,
  (i): Field[] => [...request("/many"), ...times(110, (at): Field => [`x-${at}`, String(at * i)])],
);

/** Two entries of 64 bytes in a table of 128: neither may push the other out. */
const exact: Event[] = [
  128,
  ...times(
    6,
    (
      i,
    ): Field[] => [
      ["x-a", noise(1, 29)],
      ["x-b", noise(2, 29)],
      ...(i === 3 ? [["x-c", noise(3, 29)] as Field] : []),
    ],
  ),
];

/** `requests`: every list is a request that a server takes. */
export const stories: { name: string; requests: boolean; events: Event[] }[] = [
  { name: "grpc requests", requests: true, events: grpcRequests },
  { name: "grpc responses", requests: false, events: grpcResponses },
  { name: "browser requests", requests: true, events: browser },
  { name: "binary metadata", requests: true, events: binary },
  { name: "long values", requests: true, events: long },
  { name: "table sizes", requests: true, events: resizes },
  { name: "a table just full", requests: false, events: exact },
  { name: "every octet", requests: true, events: octets },
  { name: "evictions", requests: true, events: evictions },
  { name: "many fields", requests: true, events: many },
];
