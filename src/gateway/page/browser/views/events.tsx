// What happens, as it happens: the newest first, filtered, paused. It is a log, and no screen reader reads it unasked.
import { useState } from "preact/hooks";
import type { EventJson } from "../../../observer/answers.ts";
import { numberOf } from "../../../observer/answers.ts";
import { stamp, words } from "../../../observer/format.ts";
import type { ViewProps } from "../app.tsx";
import { Loading, Panel, Pill, type Tone } from "../parts.tsx";

const GROUPS: Readonly<Record<string, RegExp>> = {
  "what needs an eye": /LOST|EXPIR|REVERTED|DENIED|CLOCK_UNKNOWN/,
  keys: /^KEY|SEALING/,
  configuration: /^CONFIG/,
  certificates: /^CERTIFICATE/,
  "units and clock": /^(SIGNER|EDGE|CLOCK|START|STOP)/,
  administration: /^(ADMIN|BACKUP|RECOVERY|KEYS_RESTORED)|DENIED/,
};

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/LOST|EXPIRED|CLOCK_UNKNOWN/, "bad"],
  [/DENIED|NEAR_EXPIRY|REVERTED|DESTROYED|STOPPING/, "warn"],
  [/BACK$|CLOCK_KNOWN|STARTED|CONFIRMED/, "ok"],
];

const SHOWN = 200;

const toneOf = (kind: string): Tone => TONES.find(([pattern]) => pattern.test(kind))?.[1] ?? "quiet";

export function Events({ observed }: ViewProps) {
  const [group, setGroup] = useState("");
  const [text, setText] = useState("");
  const [paused, setPaused] = useState<readonly EventJson[]>();
  const { events, stream, eventsLost } = observed;
  const all = paused ?? events;
  const seen = paused?.[0];
  const fresh = paused === undefined ? 0 : seen === undefined ? events.length : events.indexOf(seen);
  const shown = all.filter((event) => matches(event, group, text.trim().toLowerCase())).slice(0, SHOWN);
  return (
    <>
      <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <label>
          Kind
          <select value={group} onChange={(event) => setGroup(event.currentTarget.value)}>
            <option value="">all</option>
            {Object.keys(GROUPS).map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label>
          Text
          <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="pages">
          <button
            type="button"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused === undefined ? events : undefined)}
          >
            {paused === undefined
              ? "Pause"
              : fresh === 0
              ? "Go on"
              : `Go on (${fresh < 0 ? "many" : fresh} new)`}
          </button>
        </div>
      </form>
      {eventsLost && (
        <p class="banner warn">Some events were kept no longer when they were asked for: there is a gap.</p>
      )}
      <Panel title="Events" note={`${shown.length} of ${all.length}, the newest first`}>
        {all.length === 0 && stream.state === "connecting"
          ? <Loading what="Opening the stream…" />
          : shown.length === 0
          ? <p class="empty">{all.length === 0 ? "Nothing has happened yet." : "No event is like that."}</p>
          : (
            <div class="events" role="log" aria-live="off" aria-label="Events" tabIndex={0}>
              <ol>
                {shown.map((event) => <EventRow key={`${event.atMs}-${event.sequence}`} event={event} />)}
              </ol>
            </div>
          )}
      </Panel>
    </>
  );
}

function EventRow({ event: { atMs, sequence, kind = "", message, fields } }: { event: EventJson }) {
  const at = numberOf(atMs);
  return (
    <li>
      <time dateTime={new Date(at).toISOString()}>{stamp(at)}</time>
      <span class="sequence">{sequence}</span>
      <Pill tone={toneOf(kind)}>{words(kind)}</Pill>
      <span class="message">
        {message}
        {Object.entries(fields ?? {}).map(([name, value]) => (
          <span key={name} class="field">
            <i>{name}</i> {value}
          </span>
        ))}
      </span>
    </li>
  );
}

function matches({ kind = "", message = "", fields = {} }: EventJson, group: string, text: string): boolean {
  if (group !== "" && !GROUPS[group].test(kind)) return false;
  return text === "" ||
    [words(kind), message, ...Object.values(fields)].join(" ").toLowerCase().includes(text);
}
