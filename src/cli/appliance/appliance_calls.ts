// The calls that `status` and `logs --events` make, whoever proves them.
import type { Event, GetStatusResponse, WatchEventsRequestInit } from "../../proto/mod.ts";

export interface ApplianceCalls {
  /** @throws GrpcError */
  status(): Promise<GetStatusResponse>;
  /** Leaving the loop ends the watch. @throws GrpcError while iterating */
  watchEvents(request: WatchEventsRequestInit): AsyncIterable<Event>;
}
