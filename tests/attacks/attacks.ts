// Every attack that is a script of frames, as one table.
import type { Attack } from "./attack.ts";
import { BROKEN_RULES } from "./broken_rules.ts";
import { FLOODS } from "./floods.ts";
import { HEADER_LISTS } from "./header_lists.ts";
import { MADE_YOU_RESET, TOO_MANY_STREAMS } from "./made_you_reset.ts";

export const ATTACKS: Attack[] = [
  ...FLOODS,
  ...HEADER_LISTS,
  ...MADE_YOU_RESET,
  TOO_MANY_STREAMS,
  ...BROKEN_RULES,
];
