// Between the guard, which finds out who calls, and the handlers, which want to know.
import type { Identity } from "./identity.ts";

const callers = new WeakMap<object, Identity>();

/** For the guard only: `call` is that of `identity`. */
export function setCaller(call: object, identity: Identity): void {
  callers.set(call, identity);
}

/** Who calls; undefined for a call that no guard let in (another server's, a test's): give it the least rights. */
export function callerOf(call: object): Identity | undefined {
  return callers.get(call);
}
