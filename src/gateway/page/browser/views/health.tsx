// Health by service, as grpc.health.v1 tells it to everyone.
import type { Observed } from "../../../observer/observation.ts";
import { Loading, Panel, Pill, type Tone } from "../parts.tsx";

const WORDS: Readonly<Record<string, readonly [Tone, string]>> = {
  SERVING: ["ok", "serving"],
  NOT_SERVING: ["bad", "not serving"],
  SERVICE_UNKNOWN: ["quiet", "unknown"],
};

export function HealthList({ observed: { health } }: { observed: Observed }) {
  const all = Object.entries(health?.statuses ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
  const well = all.filter(([, { status }]) => status === "SERVING").length;
  return (
    <Panel title="Health" note={health && `${well} of ${all.length} serving`}>
      {health === undefined ? <Loading what="Asking…" /> : (
        <ul class="health">
          {all.map(([service, { status = "UNKNOWN" }]) => {
            const [tone, word] = WORDS[status] ?? ["quiet", status.toLowerCase()];
            return (
              <li key={service}>
                <span class="mono">{service === "" ? "the server" : service}</span>
                <Pill tone={tone}>{word}</Pill>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
