// What is broken, since when, and when it is tried again. Its live region speaks when the state changes, not each second.
import type { Link, Observation, Observed } from "../../observer/observation.ts";
import { clockTime } from "../../observer/format.ts";
import { useNow } from "./hooks.ts";

type Broken = Extract<Link, { state: "broken" }>;

const brokenOf = ({ link, stream }: Observed): Broken | undefined =>
  link.state === "broken" ? link : stream.state === "broken" ? stream : undefined;

/** In the corner: always there, so that "live" is something one can see. */
export function LinkState({ observed }: { observed: Observed }) {
  const broken = brokenOf(observed);
  const { link, stream, access } = observed;
  const [tone, text] = broken?.trouble === "overloaded"
    ? ["warn", "overloaded"]
    : broken !== undefined
    ? ["bad", "broken"]
    : link.state === "live" && (access !== "open" || stream.state === "live")
    ? ["ok", "live"]
    : ["quiet", "connecting"];
  return (
    <span class={`linkstate ${tone}`}>
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

export function Banner({ observed, observation }: { observed: Observed; observation: Observation }) {
  const broken = brokenOf(observed);
  const now = useNow(broken !== undefined);
  const onlyStream = broken !== undefined && observed.link.state !== "broken";
  return (
    <div class="banners">
      <div role="status">
        {broken !== undefined && (
          <p class={broken.trouble === "overloaded" ? "banner warn" : "banner bad"}>
            <strong>{headline(broken, onlyStream)}</strong> since{" "}
            <time dateTime={new Date(broken.sinceMs).toISOString()}>{clockTime(broken.sinceMs)} UTC</time>:
            {" "}
            {broken.message}.{" "}
            {!onlyStream && observed.figures !== undefined && "The figures below are of then."}
          </p>
        )}
      </div>
      {broken !== undefined && (
        <p class="retry">
          <span aria-hidden="true">{countdown(broken.nextTryMs - now)}</span>
          <button type="button" onClick={() => observation.retry()}>Try now</button>
        </p>
      )}
    </div>
  );
}

function headline({ trouble }: Broken, onlyStream: boolean): string {
  if (trouble === "overloaded") return "The appliance asks to be left alone";
  return onlyStream ? "The event stream is broken" : "The connection is broken";
}

const countdown = (leftMs: number): string =>
  leftMs < 500 ? "trying…" : `next try in ${Math.ceil(leftMs / 1000)} s`;
