// Options of the fault runs: whole numbers and switches, nothing else.
import { parseArgs } from "node:util";
import { GatehouseError } from "../../src/vm/errors.ts";

/**
 * @param numbers names with what they are when not given
 * @param switches names; 1 when given, else 0
 * @throws GatehouseError with `usage`
 */
export function wholeOptions<N extends string, S extends string>(
  args: string[],
  numbers: Record<N, number>,
  switches: readonly S[],
  usage: string,
): Record<N | S, number> {
  const names = Object.keys(numbers) as N[];
  const bad = (what: string) => new GatehouseError("bad-argument", what, usage);
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({
      args,
      options: Object.fromEntries([
        ...names.map((name) => [name, { type: "string" }] as const),
        ...switches.map((name) => [name, { type: "boolean" }] as const),
      ]),
    }));
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
  const number = (name: N) => {
    const value = Number(values[name] ?? numbers[name]);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw bad(`--${name} ${String(values[name])}: no whole number above 0`);
    }
    return value;
  };
  return Object.fromEntries([
    ...names.map((name) => [name, number(name)]),
    ...switches.map((name) => [name, values[name] === true ? 1 : 0]),
  ]) as Record<N | S, number>;
}
