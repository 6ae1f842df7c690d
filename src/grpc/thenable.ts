// Whether a handler turned out to be asynchronous.
// Must never await: the caller decides what a rejection means.

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
