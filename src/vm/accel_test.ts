import { expect, it } from "vitest";
import { probe, runProbe } from "./accel.ts";
import { PROBE_STATUS } from "./accel_probe.ts";
import { findProgram } from "./programs.ts";
import { QEMU } from "./qemu.ts";

it("without the device there is only software emulation, with the reason", async () => {
  expect(await probe("/dev/no-such-kvm")).toMatchObject({ accel: "tcg" });
});

it.skipIf((await findProgram(QEMU)) === undefined)(
  "the probe guest comes to its end on a machine that works",
  async () => {
    expect(await runProbe("tcg")).toBe(PROBE_STATUS);
  },
);
