// What transports are called, and which line is theirs in every chart.
import type { Figures } from "../../../observer/figures.ts";
import type { Line, Stroke } from "../chart.tsx";

const NAMES: Readonly<Record<string, string>> = {
  "tcp-tls": "TCP, mutual TLS",
  "tcp-plain": "TCP, plain",
  vsock: "VSOCK",
  unix: "Unix socket",
};

const STROKES: Readonly<Record<string, readonly [Stroke, boolean]>> = {
  "tcp-tls": ["accent", false],
  vsock: ["ink", false],
  unix: ["ink", true],
  "tcp-plain": ["warn", true],
};

export const transportName = (transport: string): string => NAMES[transport] ?? transport;

type Transport = Figures["transports"][number];

/** A line for each transport that was ever used, in one order. */
export function transportLines(
  figures: Figures | undefined,
  value: (transport: Transport) => number | undefined,
): Line[] {
  return (figures?.transports ?? [])
    .map(({ transport }) => {
      const [stroke, dashed] = STROKES[transport] ?? ["accent-3", true];
      return {
        name: transportName(transport),
        stroke,
        dashed,
        value: (all: Figures) => {
          const one = all.transports.find((each) => each.transport === transport);
          return one && value(one);
        },
      };
    });
}
