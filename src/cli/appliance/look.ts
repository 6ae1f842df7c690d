// One look at an appliance, for `gatehouse status`: its status and last events, or, for who may not see those, its
// health, why not more, and what to do.
import { GrpcError } from "../../grpc/client.ts";
import type { Event, GetStatusResponse } from "../../proto/mod.ts";
import { PART_SERVICES } from "../../services/health.ts";
import { type AdminOptions, withAdmin } from "../admin_client.ts";
import { withClient } from "../client.ts";
import { failureOf } from "../output.ts";
import { resolveServer } from "../server_option.ts";
import { type ApplianceCalls, callsOf } from "./appliance_calls.ts";
import { statusJson, statusText } from "./status_view.ts";

/** The last events that `status` shows. */
const SHOWN_EVENTS = 5;

/** What anyone may ask for; the first is the server as a whole. */
const HEALTH_SERVICES = ["", ...PART_SERVICES] as const;

export type Look =
  | { readonly status: GetStatusResponse; readonly events: Event[] }
  | { readonly failure: ReturnType<typeof failureOf>; readonly health: Readonly<Record<string, string>> };

/** @throws what keeps it from calling at all; a call that is refused or fails is a Look of its own */
export async function lookAt(options: AdminOptions, signal: AbortSignal): Promise<Look> {
  try {
    return await withAdmin(options, signal, async (client) => {
      const calls = callsOf(client);
      const status = await calls.status();
      return { status, events: await newestEvents(calls, status.last_event.toNumber()) };
    });
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    return { failure: failureOf(error), health: await healthOf(options, signal) };
  }
}

export function lookJson(look: Look) {
  return "status" in look
    ? statusJson(look.status, look.events)
    : { error: look.failure, health: look.health };
}

export function lookText(look: Look): string {
  if ("status" in look) return statusText(look.status, look.events);
  const { failure, health } = look;
  const lines = Object.entries(health).map(([service, answer]) =>
    `health  ${service || "server"}: ${answer}`
  );
  // Of a server that can't be reached there is no health either.
  lines.push(
    lines.length === 0 ? `nothing can be seen: ${failure.message}` : `more can't be seen: ${failure.message}`,
  );
  if (failure.next) lines.push(`Next: ${failure.next}`);
  return lines.join("\n");
}

async function newestEvents(calls: ApplianceCalls, last: number): Promise<Event[]> {
  const events: Event[] = [];
  if (last === 0) return events;
  const after = Math.max(0, last - SHOWN_EVENTS);
  for await (const event of calls.watchEvents({ after_sequence: after, include_kept: after === 0 })) {
    events.push(event);
    if (event.sequence.toNumber() >= last) break;
  }
  return events;
}

/** Of what answers: a server that can't be reached, or knows no such part, is left out. */
async function healthOf(options: AdminOptions, signal: AbortSignal): Promise<Record<string, string>> {
  const { addresses, ...calling } = await resolveServer(options);
  const health: Record<string, string> = {};
  await withClient(addresses, { ...calling, signal }, async (client) => {
    for (const service of HEALTH_SERVICES) {
      try {
        health[service] = await client.health(service);
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
      }
    }
  });
  return health;
}
