// A stream of answers as server-sent events (WHATWG HTML, "Server-sent events"): a `data:` of JSON for each, an `id:` where
// answers are numbered, comments while there is nothing to say, `event: error` or `event: end` last.
// Must never read on while the client doesn't, nor leave a call running when it has gone.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { fieldNamed } from "./fields.ts";
import { statusJson } from "./http_status.ts";

/** Proxies and phones cut connections that are silent for half a minute and more. */
const HEARTBEAT_MS = 15_000;
/** After which a browser connects again, milliseconds. */
const RETRY_MS = 2_000;

const HEARTBEAT = ":\n\n";

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx holds back what it proxies otherwise.
  "x-accel-buffering": "no",
};

/** Of answers that are numbered: what the next call names to go on after one of them. */
export interface Numbering {
  readonly after: string;
  readonly sequence: string;
}

/** By the names of the fields: `after_sequence` of the request, `sequence` of the answers. */
export function numberingOf(request: DescMessage, response: DescMessage): Numbering | undefined {
  const after = fieldNamed(request, "after_sequence");
  const sequence = fieldNamed(response, "sequence");
  if (after === undefined || sequence === undefined) return undefined;
  return { after: after.localName, sequence: sequence.jsonName };
}

/** Where a browser that connects again wants to go on; what isn't a number of ours is ignored. */
export function resume(message: Message, { after }: Numbering, lastEventId: string | null): void {
  if (lastEventId === null || !/^\d{1,20}$/.test(lastEventId)) return;
  const sequence = BigInt(lastEventId);
  if (sequence === BigInt.asUintN(64, sequence)) Object.assign(message, { [after]: sequence });
}

/**
 * @param answers JSON, one at a time; `first` is the first of them, asked for already
 * @param stop ends the call
 */
export function eventStream(
  answers: AsyncIterator<string>,
  first: Promise<IteratorResult<string>>,
  numbering: Numbering | undefined,
  stop: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<string>> | undefined = first;
  let beat: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    clearInterval(beat);
    stop();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      beat = setInterval(() => {
        // What waits for a slow client is sign of life enough.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(HEARTBEAT));
      }, HEARTBEAT_MS);
    },
    async pull(controller) {
      const asked = next ?? answers.next();
      next = undefined;
      try {
        const { done, value } = await asked;
        if (done !== true) return controller.enqueue(encoder.encode(event(value, numbering)));
        controller.enqueue(encoder.encode("event: end\ndata: {}\n\n"));
      } catch (error) {
        controller.enqueue(encoder.encode(`event: error\ndata: ${JSON.stringify(statusJson(error))}\n\n`));
      }
      end();
      controller.close();
    },
    cancel: end,
  });
}

function event(json: string, numbering: Numbering | undefined): string {
  const id: unknown = numbering && JSON.parse(json)[numbering.sequence];
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${json}\n\n`;
}
