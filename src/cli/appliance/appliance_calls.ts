// The calls that `status` and `logs --events` make, whoever proves them.
import type { Event, GetStatusResponse, WatchEventsRequestInit } from "../../proto/mod.ts";
import type { AdminClient } from "../admin_client.ts";

export interface ApplianceCalls {
  /** @throws GrpcError */
  status(): Promise<GetStatusResponse>;
  /** Leaving the loop ends the watch. @throws GrpcError while iterating */
  watchEvents(request: WatchEventsRequestInit): AsyncIterable<Event>;
}

export const callsOf = (client: AdminClient): ApplianceCalls => ({
  status: () => client.unary("/gatehouse.v1.Status/Get", {}),
  watchEvents: (request) => client.serverStream("/gatehouse.v1.Events/Watch", request),
});
