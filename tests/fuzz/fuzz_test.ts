// The properties of the long fuzzing for a few seconds, and every case that it ever found.
// Must print what a failure needs to be seen again: the seed, the path and the case.
import { describe, expect, it } from "vitest";
import { properties, type Property } from "./properties.ts";
import { seeds } from "./seeds.ts";

/** The same on every machine, so that a change of the engine shows as itself; and one that is new each time. */
const SEEDS = [1, Math.floor(Math.random() * 0x7fff_ffff)];

const named = (name: string) => properties.find((one) => one.name === name) as Property;

describe.each(properties.map(({ name }) => name))("property: %s", (name) => {
  it.each(SEEDS)("holds from seed %i", async (seed) => {
    const property = named(name);
    const details = await property.check({ seed, numRuns: property.shortRuns });
    const replay = `seed ${seed}, path ${details.counterexamplePath}, case ${
      JSON.stringify(details.counterexample)
    }`;
    expect(details.errorInstance, replay).toBeNull();
    expect(details.failed, replay).toBe(false);
  }, 60_000);
});

describe("what fuzzing found stays mended", () => {
  it.each(seeds)("$found", async ({ property, one }) => {
    await named(property).replay(one);
  });
});
