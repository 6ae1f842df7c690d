// OpenAPI 3.1 of the REST routes, from what serves them: routes, messages, the protos' comments and the authority table.
// Must never name a route, a field or a right that isn't there.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { VERSION } from "../../agent/version.ts";
import { roleName } from "../../authority/identity.ts";
import { DOORS, type Row, TABLE } from "../../authority/table.ts";
import { Role } from "../../proto/mod.ts";
import { PROOF_HEADER } from "../http_proof.ts";
import { numberingOf } from "./event_stream.ts";
import { fieldAt } from "./fields.ts";
import {
  described,
  enumSchema,
  fieldSchema,
  type JsonSchema,
  messageSchema,
  reachable,
  refTo,
} from "./json_schema.ts";
import { DEFAULT_DEADLINE_MS } from "./request_headers.ts";
import type { Route, Routes } from "./routes.ts";
import { commentOf, METHODS } from "./schema.ts";

const DESCRIPTION =
  `Every unary and server-streaming method of Gatehouse's gRPC API, by the JSON mapping of proto3:
bytes as base64, 64-bit integers as strings, enums by name, unknown fields refused. Besides its own path every method
is reached by \`POST /{package.Service}/{Method}\`.`;

const ERROR = "google.rpc.Status";

/** The document, as JSON. */
export function openApi(routes: Routes): JsonSchema {
  const shown = routes.all.filter(({ automatic }) => !automatic);
  const types = new Set(
    shown.flatMap(({ method }) => [method.request, method.response]).flatMap((message) => [
      ...reachable(message),
    ]),
  );
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of shown) (paths[route.template.text] ??= {})[route.verb.toLowerCase()] = operation(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "Gatehouse",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(METHODS.map(({ service }) => service))].map((name) => ({
      name,
      ...described(commentOf(name)),
    })),
    paths,
    components: {
      schemas: {
        ...Object.fromEntries([...types].map((type) => [
          type.typeName,
          type.kind === "message" ? messageSchema(type) : enumSchema(type),
        ])),
        [ERROR]: ERROR_SCHEMA,
      },
      parameters: PARAMETERS,
      responses: {
        Error: {
          description: "A status of gRPC, by the HTTP code of google/rpc/code.proto.",
          headers: {
            "Retry-After": {
              description: "Seconds, where it is known.",
              schema: { type: "integer", minimum: 0 },
            },
          },
          content: { "application/json": { schema: refTo({ typeName: ERROR }) } },
        },
      },
      securitySchemes: {
        certificate: { type: "mutualTLS", description: "A client certificate of the appliance's client CA." },
        proof: {
          type: "apiKey",
          in: "header",
          name: PROOF_HEADER,
          description: "Base64 of a gatehouse.v1.Proof over this request; VSOCK and the local socket only.",
        },
      },
    },
  };
}

const PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  Timeout: {
    name: "Grpc-Timeout",
    in: "header",
    description: `Digits and a unit of H, M, S, m, u or n. Default: ${
      DEFAULT_DEADLINE_MS / 1000
    }S, and none for events.`,
    schema: { type: "string", pattern: "^[0-9]{1,8}[HMSmun]$" },
    example: "10S",
  },
  LastEventId: {
    name: "Last-Event-ID",
    in: "header",
    description: "Goes on after this event, as a browser asks that connects again.",
    schema: { type: "string", pattern: "^[0-9]{1,19}$" },
  },
};

const ERROR_SCHEMA: JsonSchema = {
  type: "object",
  required: ["code", "message", "details"],
  properties: {
    code: { type: "integer", description: "A code of gRPC.", minimum: 0 },
    message: { type: "string" },
    details: {
      type: "array",
      items: {
        type: "object",
        required: ["@type"],
        properties: {
          "@type": { type: "string", description: "As type.googleapis.com/google.rpc.ErrorInfo." },
        },
      },
    },
  },
};

function operation(route: Route): JsonSchema {
  const { method: { path, service, name, comment, request, response, streams }, inBody, template } = route;
  const row = TABLE.get(path);
  const inPath = new Set(template.fields.flatMap((field) => fieldAt(request, field) ?? []));
  const parameters = [
    ...template.fields.map((field) => pathParameter(request, field)),
    ...(inBody ? [] : queryParameters(request, inPath)),
    { $ref: "#/components/parameters/Timeout" },
    ...(numberingOf(request, response) ? [{ $ref: "#/components/parameters/LastEventId" }] : []),
  ];
  return {
    operationId: `${service}.${name}`,
    tags: [service],
    ...described([comment, row ? whoMay(row) : ""].filter((text) => text !== "").join("\n\n")),
    security: row ? securityOf(row) : [],
    parameters,
    ...(inBody && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: inPath.size > 0 ? messageSchema(request, inPath) : refTo(request) },
        },
      },
    }),
    responses: {
      200: {
        description: streams ? `Events, the data of each a ${response.typeName} as JSON.` : "OK",
        // OpenAPI 3.1 has no word for the schema of one event.
        content: streams
          ? { "text/event-stream": { "x-item-schema": refTo(response) } }
          : { "application/json": { schema: refTo(response) } },
      },
      default: { $ref: "#/components/responses/Error" },
    },
  };
}

function pathParameter(request: DescMessage, path: string): JsonSchema {
  const field = fieldAt(request, path);
  if (field === undefined) throw new Error(`no field ${path} in ${request.typeName}`);
  const schema = fieldSchema(request, field);
  // A segment of a path isn't empty.
  return {
    name: path,
    in: "path",
    required: true,
    schema: schema.type === "string" ? { ...schema, minLength: 1 } : schema,
  };
}

/** Nested fields by dots, maps by brackets. */
function queryParameters(message: DescMessage, left: ReadonlySet<DescField>, prefix = ""): JsonSchema[] {
  return message.fields.filter((field) => !left.has(field)).flatMap((field) => {
    const name = `${prefix}${field.jsonName}`;
    if (field.fieldKind === "message") return queryParameters(field.message, left, `${name}.`);
    const style = field.fieldKind === "map" ? "deepObject" : "form";
    const { description, ...schema } = fieldSchema(message, field);
    return [{
      name,
      in: "query",
      ...(description !== undefined && { description }),
      style,
      explode: true,
      schema,
    }];
  });
}

/** The row of the authority table, in words. */
function whoMay(row: Row): string {
  const needs = DOORS.map((door) => `${door} ${row[door] === "never" ? "never" : roleName(row[door])}`);
  return `Needs the role, by transport: ${needs.join(", ")}.`;
}

function securityOf(row: Row): JsonSchema[] {
  const open = [row["tcp-plain"], row.vsock, row.unix].some((need) => need === Role.USER);
  return [
    ...(row["tcp-tls"] === "never" ? [] : [{ certificate: [] }]),
    ...(row.readsProof ? [{ proof: [] }] : []),
    ...(open ? [{}] : []),
  ];
}
