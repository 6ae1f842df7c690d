// The description of the REST API: valid OpenAPI 3.1, and of every method.
import SwaggerParser from "@apidevtools/swagger-parser";
import { expect, test } from "vitest";
import { openApi } from "./openapi.ts";
import { ROUTES } from "./routes.ts";
import { METHODS } from "./schema.ts";

// As it crosses: without what JSON doesn't have.
const document = JSON.parse(JSON.stringify(openApi(ROUTES)));

test("is valid OpenAPI 3.1", async () => {
  await expect(SwaggerParser.validate(structuredClone(document))).resolves.toMatchObject({
    openapi: "3.1.0",
  });
});

test("would not be valid with an operation of an unknown kind of parameter", async () => {
  const broken = structuredClone(document);
  broken.paths["/v1/keys/{id}"].get.parameters[0].in = "nowhere";
  await expect(SwaggerParser.validate(broken)).rejects.toThrow();
});

test("has an operation for each method", () => {
  const paths: Record<string, Record<string, { operationId: string }>> = document.paths;
  const ids = Object.values(paths).flatMap((item) => Object.values(item)).map(({ operationId }) =>
    operationId
  );
  expect(ids.toSorted()).toEqual(METHODS.map(({ service, name }) => `${service}.${name}`).toSorted());
});

test("says what the protos say, and who may call", () => {
  const { description, security } = document.paths["/v1/keys/{id}:destroy"].post;
  expect(description).toContain("At once, for good.");
  expect(description).toContain("vsock admin");
  expect(security).toEqual([{ proof: [] }]);
  expect(document.components.schemas["gatehouse.v1.Key"].properties.createdAtMs).toMatchObject({
    format: "int64",
  });
  expect(document.components.schemas["gatehouse.v1.KeyKind"].enum).toContain("EC_P256");
});
