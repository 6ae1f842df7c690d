// Options that may be given more than once, and those that hold name=value.
import { GatehouseError } from "../vm/errors.ts";

/** For commander: keeps every value of an option. */
export const collect = (value: string, before: string[] | undefined): string[] => [...before ?? [], value];

/** The same for words that hold no comma: `a,b` is `a` and `b`. */
export const collectList = (value: string, before: string[] | undefined): string[] => [
  ...before ?? [],
  ...value.split(",").map((word) => word.trim()),
];

/** Labels as k=v. A value may hold "=" and may be empty. @throws GatehouseError */
export function parseLabels(texts: readonly string[], option = "--label"): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    const name = text.slice(0, at);
    if (at < 1) {
      throw new GatehouseError(
        "bad-argument",
        `${option} ${text}: not of the form name=value`,
        `write it like ${option} stage=production`,
      );
    }
    if (labels.has(name)) {
      throw new GatehouseError("bad-argument", `${option} ${name} is given twice`, "give each name once");
    }
    labels.set(name, text.slice(at + 1));
  }
  return Object.fromEntries(labels);
}
