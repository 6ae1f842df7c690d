// What no attack may pass, whatever its kind: the shape of every test in this folder.
import { expect } from "vitest";
import { MAX_HELD_BYTES } from "../../src/grpc/limits.ts";
import type { Arena, Beside } from "./beside.ts";

/** Good calls beside an attack, as a share of those without it. */
export const MIN_SHARE = 0.5;
/**
 * Resident memory of the agent beside any attack: all that it may hold for its peers, the process itself (some
 * 100 MiB), and garbage between two collections.
 */
export const MAX_RESIDENT_BYTES = MAX_HELD_BYTES + 256 * 1024 * 1024;
/** Attackers at once, each of whom comes back as soon as it is closed. */
export const ATTACKERS = 4;
/** Another program may take a core for a second; an attack that gets through does so each time. */
const MEASUREMENTS = 3;

/**
 * Runs the attack beside the good client and expects that nobody but the attacker feels it.
 * @param attack once; it is repeated until the time is over
 * @returns what each attack told
 */
export async function expectGoodCallsBeside<T>(
  arena: Arena,
  attack: () => Promise<T>,
  attackers = ATTACKERS,
): Promise<T[]> {
  const told: T[] = [];
  let seen: Beside | undefined;
  for (let i = 0; i < MEASUREMENTS && (seen === undefined || seen.share < MIN_SHARE); i++) {
    seen = await arena.beside(attackers, async (over) => {
      while (!over()) told.push(await attack());
    });
    expect(seen).toMatchObject({ failed: 0, failure: undefined });
    expect(seen.peakBytes).toBeLessThan(MAX_RESIDENT_BYTES);
  }
  expect(seen?.share).toBeGreaterThanOrEqual(MIN_SHARE);
  expect(told.length).toBeGreaterThanOrEqual(attackers);
  return told;
}
