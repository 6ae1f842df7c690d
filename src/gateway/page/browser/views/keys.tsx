// The keys that the caller may see: state, kind, versions, use. Page by page, as the appliance gives them.
// Must never show more than Keys.List tells, which is no secret.
import { useEffect, useState } from "preact/hooks";
import { type KeyJson, type KeyListJson, type KeyPolicyJson, numberOf } from "../../../observer/answers.ts";
import { day, stamp, whole, words } from "../../../observer/format.ts";
import { RestError } from "../../../observer/rest_client.ts";
import type { ViewProps } from "../app.tsx";
import { type Column, Loading, Notice, Panel, Pill, Table, type Tone } from "../parts.tsx";

const PAGE_SIZE = 50;

const STATES: Readonly<Record<string, readonly [Tone, string]>> = {
  ENABLED: ["ok", "enabled"],
  DISABLED: ["quiet", "disabled"],
  PENDING_DELETION: ["warn", "pending deletion"],
  DESTROYED: ["bad", "destroyed"],
};

const KINDS = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P384", "EC_P521", "ED25519"];

const COLUMNS: readonly Column<KeyJson>[] = [
  { head: "Key", cell: (key) => <Name shown={key} /> },
  { head: "Kind", cell: ({ kind }) => <span class="mono">{kind}</span> },
  { head: "State", cell: (key) => <State shown={key} /> },
  { head: "Versions", number: true, cell: ({ versions }) => whole(versions?.length ?? 0) },
  { head: "Newest", number: true, cell: ({ versions }) => day(numberOf(versions?.at(-1)?.createdAtMs)) },
  { head: "Signs with", cell: ({ policy }) => usesOf(policy) },
  { head: "Limits", grow: true, cell: ({ policy }) => limitsOf(policy) },
];

interface Page {
  readonly keys: readonly KeyJson[];
  readonly next: string;
}

export function Keys({ client, observed }: ViewProps) {
  const [state, setState] = useState("");
  const [kind, setKind] = useState("");
  /** The tokens of the pages up to this one. */
  const [trail, setTrail] = useState<readonly string[]>([""]);
  const [page, setPage] = useState<Page>();
  const [problem, setProblem] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  // A change of a key is told as an event: what is shown is read anew.
  const change = observed.events.find((event) => event.kind?.startsWith("KEY"))?.sequence;
  const token = trail[trail.length - 1];

  useEffect(() => {
    const left = new AbortController();
    const query = new URLSearchParams({ pageSize: String(PAGE_SIZE) });
    if (state !== "") query.set("states", state);
    if (token !== "") query.set("pageToken", token);
    client.json<KeyListJson>(`/v1/keys?${query}`, left.signal).then(({ keys = [], nextPageToken = "" }) => {
      setPage({ keys, next: nextPageToken });
      setProblem(undefined);
    }).catch((error: unknown) => {
      if (left.signal.aborted) return;
      // A token is good until the agent restarts.
      if (token !== "" && error instanceof RestError && error.details.status === 400) return setTrail([""]);
      setProblem(error instanceof Error ? error.message : String(error));
    });
    return () => left.abort();
  }, [client, state, token, change, attempt, observed.link.state === "live", observed.key]);

  const keys = page?.keys.filter((key) => kind === "" || key.kind === kind);
  const choose = (next: string) => {
    setState(next);
    setTrail([""]);
  };
  return (
    <>
      <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <label>
          State
          <select value={state} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">all but destroyed</option>
            {Object.entries(STATES).map(([name, [, word]]) => <option key={name} value={name}>{word}
            </option>)}
          </select>
        </label>
        <label>
          Kind
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">all</option>
            {KINDS.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <div class="pages">
          <button type="button" disabled={trail.length === 1} onClick={() => setTrail(trail.slice(0, -1))}>
            Back
          </button>
          <span>Page {trail.length}</span>
          <button
            type="button"
            disabled={!page?.next}
            onClick={() => page && setTrail([...trail, page.next])}
          >
            Next
          </button>
        </div>
      </form>
      {problem !== undefined && (
        <Notice
          title="The keys can't be read"
          action={<button type="button" onClick={() => setAttempt(attempt + 1)}>Try again</button>}
        >
          <p>{problem}.</p>
        </Notice>
      )}
      {keys === undefined
        ? problem === undefined && <Loading what="Reading the keys…" />
        : (
          <Panel title="Keys" note={summary(keys)}>
            <Table
              caption="Keys"
              columns={COLUMNS}
              rows={keys}
              keyOf={({ id }) => id ?? ""}
              empty={state === "" && kind === ""
                ? "No key that you may see. `gatehouse keys create` makes one."
                : "No key on this page is like that."}
            />
          </Panel>
        )}
    </>
  );
}

function summary(keys: readonly KeyJson[]): string {
  const counts = Object.entries(STATES).map(([state, [, word]]) =>
    [keys.filter((key) => key.state === state).length, word] as const
  );
  return counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(" · ");
}

function Name({ shown: { id, labels, imported } }: { shown: KeyJson }) {
  const all = Object.entries(labels ?? {});
  return (
    <>
      <span class="mono">{id}</span>
      {(all.length > 0 || imported) && (
        <span class="labels">
          {imported && <span>imported</span>}
          {all.map(([name, value]) => <span key={name}>{name}={value}</span>)}
        </span>
      )}
    </>
  );
}

function State({ shown: { state = "", deleteAtMs } }: { shown: KeyJson }) {
  const [tone, word] = STATES[state] ?? ["quiet", words(state)];
  const at = numberOf(deleteAtMs);
  return (
    <>
      <Pill tone={tone}>{word}</Pill>
      {at > 0 && <span class="sub">on {stamp(at).slice(0, 16)}</span>}
    </>
  );
}

/** What it may be used for. */
function usesOf(policy: KeyPolicyJson | undefined) {
  const algorithms = policy?.algorithms ?? [];
  return algorithms.length > 0 ? <span class="mono">{algorithms.join(", ")}</span> : "all of its kind";
}

function limitsOf(policy: KeyPolicyJson | undefined): string {
  const { identities = [], transports = [], notBeforeMs, notAfterMs, signaturesPerSecond = 0 } = policy ?? {};
  const limits = [
    identities.length > 0 ? `by ${identities.join(", ")}` : "",
    transports.length > 0 ? `over ${transports.map(words).join(", ")}` : "",
    numberOf(notBeforeMs) > 0 ? `from ${day(numberOf(notBeforeMs))}` : "",
    numberOf(notAfterMs) > 0 ? `until ${day(numberOf(notAfterMs))}` : "",
    signaturesPerSecond > 0 ? `${whole(signaturesPerSecond)} a second` : "",
  ].filter((limit) => limit !== "");
  return limits.length > 0 ? limits.join("; ") : "none";
}
