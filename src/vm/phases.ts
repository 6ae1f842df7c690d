// The launcher's states and what leads from one to the next, as a table without I/O.
// boot.ts walks it. A change of phase that stands nowhere here is a defect and throws.
//
//             up                built               healthy
//  +---------+    +----------+       +-----------+         +---------+
//  | stopped |--->| building |------>|  booting  |-------->|  ready  |
//  +---------+    +----------+       +-----------+         +---------+
//    ^  ^  ^           |              |    ^   |            ^   |   |
//    |  |  |  failed   |         lost |    |   | retry      |   |   | lost
//    |  |  +-----------+--------------+    +---+    healthy |   |   | down
//    |  |                                                   |   |   |
//    |  |            up: boots it anew                      |   v unhealthy
//    |  |                  booting <---------------- +----------+   |
//    |  |                                            | degraded |   |
//    |  +--------------------------------------------+----------+   |
//    |     lost, down                                               |
//    +--------------------------------------------------------------+
//
// lost: QEMU ended, or the guest's kernel gave up. A boot that panics, hangs or dies is
// tried again (retry); when that is no use it is `failed`.

export const PHASES = ["stopped", "building", "booting", "ready", "degraded"] as const;
export type Phase = (typeof PHASES)[number];

export type PhaseEvent = "up" | "built" | "healthy" | "unhealthy" | "retry" | "failed" | "lost" | "down";

const TRANSITIONS: Record<Phase, Partial<Record<PhaseEvent, Phase>>> = {
  // A command may end between two phases (kill -9), so what is down may always be put down again.
  stopped: { up: "building", down: "stopped" },
  building: { built: "booting", failed: "stopped", down: "stopped", up: "building" },
  booting: {
    healthy: "ready",
    unhealthy: "booting",
    retry: "booting",
    failed: "stopped",
    lost: "stopped",
    down: "stopped",
    up: "building",
  },
  ready: { healthy: "ready", unhealthy: "degraded", lost: "stopped", down: "stopped", up: "ready" },
  degraded: { healthy: "ready", unhealthy: "degraded", lost: "stopped", down: "stopped", up: "building" },
};

/** The phase after `event`. Throws on an event that the phase doesn't know: a defect of ours, not of the guest. */
export function nextPhase(phase: Phase, event: PhaseEvent): Phase {
  const next = TRANSITIONS[phase][event];
  if (next === undefined) throw new Error(`the launcher knows no way from ${phase} by ${event}`);
  return next;
}
