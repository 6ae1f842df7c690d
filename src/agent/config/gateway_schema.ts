// [gateway]: where HTTP comes in, and which pages of other origins may call it.
// Must never do anything: a key is described here, used elsewhere, and works with an empty file.
import { z } from "zod";
import { addressIssue } from "./addresses.ts";
import { hostIssue, originIssue } from "./gateway.ts";
import { ruled } from "./rule.ts";

/** As for [listen]: each costs a descriptor and an accept loop. */
const MAX_GATEWAY_ADDRESSES = 16;
/** Each is compared with a browser's header in every request. */
const MAX_NAMES = 64;

export const gateway = z.strictObject({
  addresses: z.array(ruled(addressIssue)).max(MAX_GATEWAY_ADDRESSES).default([]).meta({
    example: ["vsock://any:50080", "tls://0.0.0.0:50443"],
    description:
      "Where HTTP/1.1 comes in: REST, gRPC-Web, metrics and the page. Of the same kinds as `listen.addresses`, and with " +
      "the same rights; none turns the gateway off.",
  }),
  cors_origins: z.array(ruled(originIssue)).max(MAX_NAMES).default([]).meta({
    example: ["https://console.example"],
    description:
      "Origins of other sites whose pages may call the gateway from a browser (CORS), like `https://console.example`. " +
      "Requests of all others are refused.",
  }),
  hosts: z.array(ruled(hostIssue)).max(MAX_NAMES).default([]).meta({
    example: ["gatehouse.example"],
    description:
      "Names by which browsers may call the gateway, beside `localhost` and IP addresses. A request by another name may " +
      "come from a page that had its own name point here (DNS rebinding), and is refused.",
  }),
  page: z.boolean().default(true).meta({
    description: "Serves the operator's page at `/`.",
  }),
}).prefault({}).meta({
  description: "The HTTP gateway. Its limits and timeouts are those of [limits] and [connections].",
});
