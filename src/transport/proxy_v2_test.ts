// The PROXY v2 parser: the specification's layout byte for byte, every refusal, and whatever bytes come.
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { concat } from "../http2/testkit.ts";
import { MAX_PROXY_HEADER_BYTES, parseProxyV2, PROXY_PREAMBLE_BYTES } from "./proxy_v2.ts";
import {
  ascii,
  certificate,
  edgeTiming,
  header,
  type HeaderParts,
  SIGNATURE,
  ssl,
  tlsVersion,
  tlv,
} from "./proxy_v2_testkit.ts";
import { MAX_CLIENT_CERTIFICATE_BYTES } from "./proxy_v2_tlv.ts";

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (two) => parseInt(two, 16));

const DER = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05);

describe("a header of the specification's layout", () => {
  test("TCP over IPv4 without fields has 28 bytes", () => {
    const bytes = bytesOf("0d0a0d0a000d0a515549540a 21 11 000c c0000207 c6336401 9c40 c383");
    expect(parseProxyV2(bytes)).toEqual({
      state: "header",
      header: {
        source: { hostname: "192.0.2.7", port: 40_000 },
        destination: { hostname: "198.51.100.1", port: 50_051 },
      },
      lenBytes: 28,
    });
  });

  test("TCP over IPv6 with TLS 1.3 and a client's certificate", () => {
    const bytes = bytesOf(
      "0d0a0d0a000d0a515549540a 21 21 0041" +
        "20010db8000000000000000000000007 20010db8000100000000000000000001 0001 ffff" +
        // PP2_TYPE_SSL: SSL and CERT_CONN, verified, version, DER
        "20 001a 03 00000000 21 0007 544c5376312e33 28 0008 3006020105020107",
    );
    expect(parseProxyV2(bytes)).toEqual({
      state: "header",
      header: {
        source: { hostname: "2001:db8::7", port: 1 },
        destination: { hostname: "2001:db8:1::1", port: 65_535 },
        tls: { version: "TLSv1.3", clientCertificate: bytesOf("3006020105020107") },
      },
      lenBytes: 81,
    });
  });

  test("an IPv4 client of a listener on [::] is told as IPv4", () => {
    const mapped = header({ source: [...Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 7] });
    expect(parseProxyV2(mapped)).toMatchObject({ header: { source: { hostname: "192.0.2.7" } } });
  });

  test("fields that it doesn't know, and those of TLS, are skipped", () => {
    const fields = concat(
      tlv(0x01, ascii("h2")),
      ssl([tlv(0x23, ascii("TLS_AES_128_GCM_SHA256")), tlsVersion("TLSv1.2")], 0x01, [0, 0, 0, 1]),
      tlv(0x04, []),
      tlv(0xe0, [1, 2, 3]),
    );
    expect(parseProxyV2(header({ fields }))).toMatchObject({ header: { tls: { version: "TLSv1.2" } } });
  });

  test("our edge's times of a connection, byte for byte", () => {
    const bytes = bytesOf(
      "0d0a0d0a000d0a515549540a 21 11 0023 c0000207 c6336401 9c40 c383" +
        "e0 0014 47484501 000651f2a1b40000 000651f2a1b409c4",
    );
    expect(parseProxyV2(bytes)).toEqual({
      state: "header",
      header: {
        source: { hostname: "192.0.2.7", port: 40_000 },
        destination: { hostname: "198.51.100.1", port: 50_051 },
        edge: { acceptedUs: 0x651f2a1b40000, handshakeEndUs: 0x651f2a1b409c4 },
      },
      lenBytes: 51,
    });
  });

  test("an edge that took a connection without TLS tells one time", () => {
    const result = parseProxyV2(header({ fields: edgeTiming([7]) }));
    expect(result).toHaveProperty("header.edge", { acceptedUs: 7 });
  });

  test("a field of the edge's type from another proxy, or of a later version, is skipped", () => {
    for (
      const fields of [tlv(0xe0, []), edgeTiming([1, 2], [0x47, 0x48, 0x45, 2]), tlv(0xe0, ascii("GHE"))]
    ) {
      const result = parseProxyV2(header({ fields: concat(fields, fields) }));
      expect(result).toMatchObject({ state: "header" });
      expect(result).not.toHaveProperty("header.edge");
    }
  });

  test("a proxy that says the client had no TLS leaves the peer without it", () => {
    const result = parseProxyV2(header({ fields: ssl([], 0, [0, 0, 0, 0]) }));
    expect(result).toMatchObject({ state: "header" });
    expect(result).not.toHaveProperty("header.tls");
  });

  test("a certificate of the resumed session is the client's too", () => {
    const fields = ssl([tlsVersion(), certificate(DER)], 0x05);
    expect(parseProxyV2(header({ fields }))).toMatchObject({ header: { tls: { clientCertificate: DER } } });
  });

  test("the certificate is a copy, not a view of the caller's buffer", () => {
    const bytes = header({ fields: ssl([tlsVersion(), certificate(DER)]) });
    const result = parseProxyV2(bytes);
    bytes.fill(0);
    expect(result).toMatchObject({ header: { tls: { clientCertificate: DER } } });
  });

  test("the longest certificate and the longest header are taken", () => {
    const der = new Uint8Array(MAX_CLIENT_CERTIFICATE_BYTES);
    expect(parseProxyV2(header({ fields: ssl([tlsVersion(), certificate(der)]) }))).toMatchObject({
      header: { tls: { clientCertificate: der } },
    });
    const filled = header({ fields: tlv(0x04, new Uint8Array(MAX_PROXY_HEADER_BYTES - 28 - 3)) });
    expect(filled).toHaveLength(MAX_PROXY_HEADER_BYTES);
    expect(parseProxyV2(filled)).toMatchObject({ state: "header", lenBytes: MAX_PROXY_HEADER_BYTES });
  });
});

const sslHeader = (...args: Parameters<typeof ssl>) => header({ fields: ssl(...args) });

const refusals: [name: string, bytes: Uint8Array, reason: RegExp][] = [
  ["HTTP/2's preface", ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), /signature/],
  ["version 1's text", ascii("PROXY TCP4 192.0.2.7 198.51.100.1 40000 50051\r\n"), /signature/],
  [
    "a signature with its last byte wrong",
    header({ signature: [...SIGNATURE.slice(0, 11), 0] }),
    /signature/,
  ],
  ["LOCAL", header({ command: 0x20 }), /LOCAL/],
  ["LOCAL without addresses", concat(Uint8Array.of(...SIGNATURE, 0x20, 0, 0, 0)), /LOCAL/],
  ["an unknown command", header({ command: 0x22 }), /0x22/],
  ["version 1 in the binary form", header({ command: 0x11 }), /0x11/],
  ["version 3", header({ command: 0x31 }), /0x31/],
  ["an unspecified family", header({ family: 0x00 }), /0x00/],
  ["UDP over IPv4", header({ family: 0x12 }), /0x12/],
  ["UDP over IPv6", header({ family: 0x22, source: Array(16).fill(1) }), /0x22/],
  ["Unix sockets", header({ family: 0x31 }), /0x31/],
  ["a length below IPv4's addresses", header({ length: 11 }), /too few/],
  ["a length below IPv6's addresses", header({ family: 0x21, length: 35 }), /too few/],
  ["a length of nothing", header({ length: 0 }), /too few/],
  ["a length above the bound", header({ length: MAX_PROXY_HEADER_BYTES - 16 + 1 }), /too many/],
  ["the largest length", header({ length: 0xffff }), /too many/],
  ["a field without its length", header({ fields: Uint8Array.of(4, 0) }), /cut off/],
  ["a field beyond the header", header({ fields: Uint8Array.of(4, 0, 2, 1) }), /longer/],
  ["a TLS field that is too short", header({ fields: tlv(0x20, [1, 0, 0, 0]) }), /TLS field is cut off/],
  ["two TLS fields", header({ fields: concat(ssl([tlsVersion()]), ssl([tlsVersion()])) }), /twice/],
  ["TLS without a version", sslHeader([certificate(DER)]), /version is missing/],
  ["two TLS versions", sslHeader([tlsVersion(), tlsVersion("TLSv1.2")]), /version stands there twice/],
  ["TLS 1.1", sslHeader([tlsVersion("TLSv1.1")]), /none of/],
  ["a TLS version with more behind it", sslHeader([tlsVersion("TLSv1.3\0")]), /none of/],
  ["two certificates", sslHeader([tlsVersion(), certificate(DER), certificate(DER)]), /certificate .*twice/],
  ["an empty certificate", sslHeader([tlsVersion(), certificate([])]), /empty/],
  [
    "a certificate above the bound",
    sslHeader([tlsVersion(), certificate(new Uint8Array(MAX_CLIENT_CERTIFICATE_BYTES + 1))]),
    /at most 16384/,
  ],
  [
    "a certificate that isn't verified",
    sslHeader([tlsVersion(), certificate(DER)], 3, [0, 0, 0, 1]),
    /not verified/,
  ],
  [
    "the same in verify's first byte",
    sslHeader([tlsVersion(), certificate(DER)], 3, [1, 0, 0, 0]),
    /not ver/,
  ],
  ["a certificate of a client that gave none", sslHeader([tlsVersion(), certificate(DER)], 1), /gave none/],
  ["a certificate without TLS", sslHeader([certificate(DER)], 2), /without TLS/],
  ["the edge's times twice", header({ fields: concat(edgeTiming([1]), edgeTiming([1])) }), /times .*twice/],
  ["the edge's field without a time", header({ fields: edgeTiming([]) }), /not of their length/],
  ["a third time of the edge's", header({ fields: edgeTiming([1, 2, 3]) }), /not of their length/],
  [
    "half a time of the edge's",
    header({ fields: tlv(0xe0, [0x47, 0x48, 0x45, 1, 0, 0, 0, 1]) }),
    /not of their length/,
  ],
  ["a handshake that ended before it began", header({ fields: edgeTiming([2, 1]) }), /backwards/],
  [
    "a time that is no number here",
    header({ fields: edgeTiming([Number.MAX_SAFE_INTEGER + 1]) }),
    /too far away/,
  ],
  ["a sub-field beyond its field", sslHeader([Uint8Array.of(0x28, 0, 9, 1)]), /longer/],
];

describe("parseProxyV2 refuses", () => {
  it.each(refusals)("%s", (_name, bytes, reason) => {
    const result = parseProxyV2(bytes);
    expect(result).toMatchObject({ state: "refused", reason: expect.stringMatching(reason) });
    expect(parseProxyV2(concat(bytes, new Uint8Array(70_000)))).toEqual(result);
  });

  it("what can't become a header at the first byte that shows it", () => {
    expect(parseProxyV2(ascii("PRI"))).toMatchObject({ state: "refused" });
    expect(parseProxyV2(Uint8Array.of(...SIGNATURE, 0x20))).toMatchObject({ state: "refused" });
    expect(parseProxyV2(Uint8Array.of(...SIGNATURE, 0x21, 0x31))).toMatchObject({ state: "refused" });
    const tooLong = header({ length: 0xffff }).subarray(0, PROXY_PREAMBLE_BYTES);
    expect(parseProxyV2(tooLong)).toMatchObject({ state: "refused" });
  });
});

const octets = (length: number) => fc.array(fc.nat(255), { minLength: length, maxLength: length });
const port = fc.nat(65_535);
const unknownField = fc.tuple(fc.integer({ min: 0x30, max: 0xff }), fc.uint8Array({ maxLength: 40 }));

/** Good headers: both families, with and without TLS, with fields around it. */
const goodParts: fc.Arbitrary<HeaderParts & { der?: Uint8Array; times?: number[] }> = fc.record({
  ips: fc.oneof(fc.tuple(octets(4), octets(4)), fc.tuple(octets(16), octets(16))),
  ports: fc.tuple(port, port),
  before: fc.array(unknownField, { maxLength: 3 }),
  after: fc.array(unknownField, { maxLength: 3 }),
  der: fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined }),
  times: fc.option(
    fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 2 }).map((all) => all.toSorted((a, b) => a - b)),
    { nil: undefined },
  ),
}).map(({ ips, ports, before, after, der, times }) => ({
  source: ips[0],
  destination: ips[1],
  sourcePort: ports[0],
  destinationPort: ports[1],
  der,
  times,
  fields: concat(
    ...before.map(([type, value]) => tlv(type, value)),
    ...der ? [ssl([tlsVersion(), certificate(der)])] : [],
    ...times ? [edgeTiming(times)] : [],
    ...after.map(([type, value]) => tlv(type, value)),
  ),
}));

/** A header with some of its bytes changed: near enough to be read far. */
const nearHeader = fc.tuple(
  goodParts,
  fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
).map(([parts, changes]) => {
  const bytes = header(parts);
  for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
  return bytes;
});

describe("whatever comes", () => {
  it("a good header is read as it was written, and not a byte behind it", () => {
    fc.assert(fc.property(goodParts, fc.uint8Array({ maxLength: 50 }), (parts, stream) => {
      const bytes = header(parts);
      const result = parseProxyV2(concat(bytes, stream));
      expect(result).toEqual(parseProxyV2(bytes));
      if (result.state !== "header") throw new Error("refused");
      expect(result.lenBytes).toBe(bytes.length);
      expect(result.header.source.port).toBe(parts.sourcePort);
      expect(result.header.destination.port).toBe(parts.destinationPort);
      expect(result.header.tls?.clientCertificate).toEqual(parts.der);
      const { acceptedUs, handshakeEndUs } = result.header.edge ?? {};
      expect([acceptedUs, handshakeEndUs]).toEqual([parts.times?.[0], parts.times?.[1]]);
      if (parts.source?.length === 4) expect(result.header.source.hostname).toBe(parts.source.join("."));
    }));
  });

  it("each part of a good header asks for more, and never for more than the header has", () => {
    fc.assert(
      fc.property(goodParts, (parts) => {
        const bytes = header(parts);
        for (let length = 0; length < bytes.length; length++) {
          const result = parseProxyV2(bytes.subarray(0, length));
          if (result.state !== "more") throw new Error(`${result.state} at ${length}`);
          expect(result.lenBytes).toBeGreaterThan(0);
          expect(length + result.lenBytes).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("it never throws, asks beyond its bound, or changes its mind", () => {
    const signed = fc.uint8Array({ maxLength: 200 }).map((rest) => concat(Uint8Array.from(SIGNATURE), rest));
    const any = fc.oneof(fc.uint8Array({ maxLength: 100 }), signed, nearHeader);
    fc.assert(
      fc.property(any, fc.uint8Array({ maxLength: 40 }), (bytes, later) => {
        const result = parseProxyV2(bytes);
        if (result.state === "more") {
          expect(result.lenBytes).toBeGreaterThan(0);
          expect(bytes.length + result.lenBytes).toBeLessThanOrEqual(MAX_PROXY_HEADER_BYTES);
        } else {
          if (result.state === "header") expect(result.lenBytes).toBeLessThanOrEqual(bytes.length);
          expect(parseProxyV2(concat(bytes, later))).toEqual(result);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
