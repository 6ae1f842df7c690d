// The page's beginning: one observation of the gateway that it came from, drawn into the document.
import { render } from "preact";
import { Observation } from "../../observer/observation.ts";
import { RestClient } from "../../observer/rest_client.ts";
import { App } from "./app.tsx";

const client = new RestClient((target, init) =>
  // No cookies, no cache, no way to another origin: what is asked is asked here and now.
  fetch(target, { ...init, credentials: "same-origin", cache: "no-store", redirect: "error" })
);
const observation = new Observation({ client, visible: () => document.visibilityState === "visible" });
observation.start();
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") observation.retry();
});

const root = document.getElementById("app");
if (root !== null) render(<App observation={observation} client={client} />, root);
