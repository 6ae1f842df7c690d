import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Observation } from "./observation.ts";
import { type RestClient, RestError } from "./rest_client.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A gateway that refuses the status, as to whoever has not the role. */
function refusing() {
  const asked: string[] = [];
  const client = {
    json: (path: string) => {
      asked.push(path);
      return path === "/v1/status"
        ? Promise.reject(new RestError("not-allowed", "for operators"))
        : Promise.resolve({});
    },
  };
  return { asked, client: client as unknown as RestClient };
}

test("who may not see asks once a minute, and at once when somebody looks", async () => {
  const { asked, client } = refusing();
  const observation = new Observation({ client });
  observation.start();
  await vi.advanceTimersByTimeAsync(59_000);
  const refused = () => asked.filter((path) => path === "/v1/status").length;
  expect([observation.now.access, refused()]).toEqual(["closed", 1]);
  for (let look = 0; look < 3; look++) {
    observation.retry();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(refused()).toBe(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(refused()).toBe(5);
  observation.stop();
});
