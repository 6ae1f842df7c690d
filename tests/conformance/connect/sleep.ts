// A pause, or none at all: a zero delay in the suite means that nothing waits.
export function sleep(ms = 0): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
