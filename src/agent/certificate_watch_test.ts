// Certificates on their way to their end, by a clock that the test turns.
import { expect, test } from "vitest";
import { AUTHORITY, MANY_NAMES } from "../pki/certificate_testkit.ts";
import { readCertificate } from "../pki/certificate.ts";
import { CertificateState, CertificateUse, EventKind } from "../proto/mod.ts";
import { certificateState, DAY_MS } from "./certificate_state.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { loadConfig } from "./config/mod.ts";
import { recordingLogger } from "./log/testkit.ts";

const { VALID, NEAR_EXPIRY, EXPIRED, NOT_YET_VALID, STATE_UNSPECIFIED } = CertificateState;
const config = loadConfig("", "(defaults)");
const { notBefore, notAfter } = readCertificate(MANY_NAMES.pem);

function setUp(nowMs: number, known = true) {
  const time = { ms: nowMs, known };
  const emitted: [kind: number, subject?: string][] = [];
  const health: boolean[] = [];
  const made: number[] = [];
  const log = recordingLogger();
  let clockChanged = () => {};
  const watch = new CertificateWatch({
    log,
    emit: (kind, _message, fields) => emitted.push([kind, fields?.sha256]),
    clock: {
      get known() {
        return time.known;
      },
      reason: "",
      onChange: (callback) => clockChanged = () => callback(time.known),
    },
    now: () => time.ms,
    onHealth: (healthy) => health.push(healthy),
    onMade: (ms) => Promise.resolve(void made.push(ms)),
  });
  return { watch, time, emitted, health, made, lines: log.lines, clockChanged: () => clockChanged() };
}

test.each([
  ["a year's", 365 * DAY_MS, 30 * DAY_MS],
  ["a day's", DAY_MS, DAY_MS / 3],
])("near its end is %s last 30 days, or its last third if that is less", (_name, lifeMs, nearMs) => {
  const life = { notBefore: new Date(0), notAfter: new Date(lifeMs) };
  expect(certificateState(life, -1)).toBe(NOT_YET_VALID);
  expect(certificateState(life, 0)).toBe(VALID);
  expect(certificateState(life, lifeMs - nearMs)).toBe(VALID);
  expect(certificateState(life, lifeMs - nearMs + 1)).toBe(NEAR_EXPIRY);
  expect(certificateState(life, lifeMs)).toBe(NEAR_EXPIRY);
  expect(certificateState(life, lifeMs + 1)).toBe(EXPIRED);
});

test("each state is an event once, a warning a day, and health follows", async () => {
  const { watch, time, emitted, health, lines } = setUp(notBefore.getTime());
  await watch.apply(config, { certificatePem: MANY_NAMES.pem });
  expect(emitted).toEqual([]);
  time.ms = notAfter.getTime() - 20 * DAY_MS;
  for (let hour = 0; hour < 24; hour++) {
    watch.look();
    time.ms += DAY_MS / 24;
  }
  expect(emitted).toEqual([[EventKind.CERTIFICATE_NEAR_EXPIRY, MANY_NAMES.sha256]]);
  expect(lines.length).toBe(0);
  watch.look();
  expect(lines.map(({ level }) => level)).toEqual(["warn"]);
  expect(health.at(-1)).toBe(true);
  time.ms = notAfter.getTime() + 1;
  watch.look();
  watch.look();
  expect(emitted.slice(1)).toEqual([[EventKind.CERTIFICATE_EXPIRED, MANY_NAMES.sha256]]);
  expect(health.at(-1)).toBe(false);
  expect(watch.certificates()).toMatchObject([{ use: CertificateUse.SERVER, state: EXPIRED }]);
  watch.stop();
});

test("the beginning of the server's certificate is told, and no anchor's", async () => {
  const { watch, made } = setUp(notBefore.getTime());
  await watch.apply(config, { clientCaPem: AUTHORITY });
  expect(made).toEqual([]);
  await watch.apply(config, { certificatePem: MANY_NAMES.pem, clientCaPem: AUTHORITY });
  expect(made).toEqual([notBefore.getTime()]);
  watch.stop();
});

test("applying the same certificate again tells nothing again; another one is told", async () => {
  const { watch, emitted } = setUp(notAfter.getTime() + DAY_MS);
  const both = { certificatePem: MANY_NAMES.pem, clientCaPem: AUTHORITY };
  await watch.apply(config, { certificatePem: MANY_NAMES.pem });
  await watch.apply(config, both);
  await watch.apply(config, both);
  expect(emitted.map(([kind]) => kind)).toEqual([
    EventKind.CERTIFICATE_EXPIRED,
    EventKind.CERTIFICATE_EXPIRED,
  ]);
  expect(watch.certificates().map(({ use }) => use)).toEqual([
    CertificateUse.SERVER,
    CertificateUse.CLIENT_CA,
  ]);
  watch.stop();
});

test("by a clock that isn't known nothing is judged, and TLS isn't healthy until it is", async () => {
  const { watch, time, emitted, health, clockChanged } = setUp(0, false);
  await watch.apply(config, { certificatePem: MANY_NAMES.pem });
  expect(watch.certificates().map(({ state }) => state)).toEqual([STATE_UNSPECIFIED]);
  expect([emitted, health.at(-1)]).toEqual([[], false]);
  time.ms = notBefore.getTime();
  time.known = true;
  clockChanged();
  expect(health.at(-1)).toBe(true);
  watch.stop();
});

test("without a server's certificate TLS isn't healthy; one that isn't valid yet is warned of", async () => {
  const { watch, health, lines, emitted } = setUp(notBefore.getTime() - DAY_MS);
  await watch.apply(config, {});
  expect(health.at(-1)).toBe(false);
  await watch.apply(config, { certificatePem: MANY_NAMES.pem });
  expect(health.at(-1)).toBe(false);
  expect(emitted).toEqual([]);
  expect(lines).toMatchObject([{ level: "warn", message: expect.stringMatching(/isn't valid yet/) }]);
  watch.stop();
});

test("what can't be read is refused and the watched ones stay", async () => {
  const { watch } = setUp(notBefore.getTime());
  await watch.apply(config, { certificatePem: MANY_NAMES.pem });
  await expect(watch.apply(config, { certificatePem: "nonsense" })).rejects.toThrow(/certificate/);
  expect(watch.certificates().length).toBe(1);
  watch.stop();
});
