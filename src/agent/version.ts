// Which version this is: deno.json says it, once for all.
import denoConfig from "../../deno.json" with { type: "json" };

export const VERSION: string = denoConfig.version;
