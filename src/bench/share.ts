// Who does what when several processes bench together: connections and calls, divided to the last one.
// Must never lose or double a connection or a call, whatever the remainders.

/**
 * The connections of one process, by their number over all processes.
 * @param index of the process, from 0
 */
export function lanesOf(index: number, processes: number, connections: number): number[] {
  const lanes: number[] = [];
  for (let lane = index; lane < connections; lane += processes) lanes.push(lane);
  return lanes;
}

/** How many of `requests` calls, dealt out to all connections in turn, fall to these. */
export function requestsOf(lanes: readonly number[], connections: number, requests: number): number {
  const each = Math.floor(requests / connections);
  const remainder = requests % connections;
  return lanes.reduce((sum, lane) => sum + each + (lane < remainder ? 1 : 0), 0);
}
