// The page as a whole: who and what is looked at, the way between the views, what is broken and since when.
import { useEffect, useRef } from "preact/hooks";
import type { Observation, Observed } from "../../observer/observation.ts";
import type { RestClient } from "../../observer/rest_client.ts";
import { Banner, LinkState } from "./banner.tsx";
import { type Theme, useObserved, useRoute, useTheme } from "./hooks.ts";
import { KeyGate } from "./key_gate.tsx";
import { Loading } from "./parts.tsx";
import { Connections } from "./views/connections.tsx";
import { Events } from "./views/events.tsx";
import { Keys } from "./views/keys.tsx";
import { Overview } from "./views/overview.tsx";
import { System } from "./views/system.tsx";

export interface ViewProps {
  readonly observed: Observed;
  readonly observation: Observation;
  readonly client: RestClient;
  readonly theme: Theme;
  /** What is shown is not of now. */
  readonly stale: boolean;
}

const VIEWS = [
  { route: "overview", name: "Overview", View: Overview, needsRole: true },
  { route: "connections", name: "Connections", View: Connections, needsRole: true },
  { route: "keys", name: "Keys", View: Keys, needsRole: false },
  { route: "system", name: "System", View: System, needsRole: true },
  { route: "events", name: "Events", View: Events, needsRole: true },
] as const;

export function App({ observation, client }: { observation: Observation; client: RestClient }) {
  const observed = useObserved(observation);
  const route = useRoute();
  const [theme, setTheme] = useTheme();
  const heading = useRef<HTMLHeadingElement>(null);
  const current = VIEWS.find((view) => view.route === route) ?? VIEWS[0];
  const first = useRef(true);

  useEffect(() => {
    document.title = `${current.name} · Gatehouse`;
    // Who goes to another view by keyboard or screen reader begins at its top.
    if (!first.current) heading.current?.focus({ preventScroll: true });
    if (!first.current) scrollTo(0, 0);
    first.current = false;
  }, [current]);

  const { access, link, who } = observed;
  const stale = link.state === "broken";
  const props = { observed, observation, client, theme, stale };
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        To the content
      </a>
      <header class="top">
        <a class="brand" href="#/overview" aria-label="Gatehouse, overview">
          <Mark />
          Gatehouse
        </a>
        <nav aria-label="Views">
          {VIEWS.map(({ route, name }) => (
            <a key={route} href={`#/${route}`} aria-current={route === current.route ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="corner">
          <LinkState observed={observed} />
          <button
            type="button"
            class="icon"
            aria-label={theme === "dark" ? "Light theme" : "Dark theme"}
            title={theme === "dark" ? "Light theme" : "Dark theme"}
            onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <circle cx="8" cy="8" r="6" />
              <path d="M8 2a6 6 0 0 1 0 12z" class="full" />
            </svg>
          </button>
        </div>
      </header>
      <Banner observed={observed} observation={observation} />
      <main id="content" class={stale ? "stale" : ""}>
        <div class="title">
          <h1 ref={heading} tabIndex={-1}>{current.name}</h1>
          {who !== undefined && <Who observed={observed} observation={observation} />}
        </div>
        {access === "unknown" && link.state !== "broken"
          ? <Loading what="Asking the appliance…" />
          : access === "closed" && current.needsRole
          ? <KeyGate observed={observed} observation={observation} />
          : access === "unknown"
          ? null
          : <current.View {...props} />}
      </main>
    </>
  );
}

/** As whom we look. */
function Who({ observed: { who, key }, observation }: { observed: Observed; observation: Observation }) {
  return (
    <p class="who">
      as <b>{who?.identity}</b> ({(who?.role ?? "nobody").toLowerCase()})
      {key !== undefined && (
        <button type="button" class="link" onClick={() => observation.useKey(undefined)}>
          Forget the key
        </button>
      )}
    </p>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <path d="M2.5 18V7.5L10 2l7.5 5.5V18" />
      <path d="M7 18v-6a3 3 0 0 1 6 0v6" />
    </svg>
  );
}
