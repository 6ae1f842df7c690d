// Prints docs/configuration.md: `deno run src/agent/config/reference.ts > docs/configuration.md`.
// Must never be imported: in a bundle its output would come with every start.
import { configReference } from "./markdown.ts";

await Deno.stdout.write(new TextEncoder().encode(configReference()));
