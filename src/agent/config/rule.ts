// How a rule in words becomes a part of the schema.
// Must never decide anything: rules stand in files of their own.
import { z } from "zod";
import type { RuleIssue } from "./addresses.ts";

/** A text that a rule understands. */
export function ruled(rule: (text: string) => RuleIssue | undefined) {
  return z.string().superRefine((text, context) => {
    const issue = rule(text);
    if (issue !== undefined) context.addIssue({ code: "custom", ...issue });
  });
}
