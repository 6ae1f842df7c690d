import { service as health } from "grpc-health-check";
import { expect, test } from "vitest";
import { apiPackage, Role } from "../proto/mod.ts";
import { DOORS, TABLE } from "./table.ts";

function apiPaths(): string[] {
  return Object.values(apiPackage).flatMap((definition) =>
    "format" in definition ? [] : Object.values(definition).map(({ path }) => path)
  );
}

test("every method of our protos and of health has a row, and no row is of a method that isn't there", () => {
  const reflection = ["v1", "v1alpha"].map((version) =>
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
  );
  const all = [...apiPaths(), ...Object.values(health).map(({ path }) => path), ...reflection];
  expect([...TABLE.keys()].sort()).toEqual(all.sort());
});

test("no method that needs an administrator is served over TCP", () => {
  for (const [path, row] of TABLE) {
    if (!DOORS.some((door) => row[door] === Role.ADMIN)) continue;
    expect([path, row["tcp-tls"], row["tcp-plain"]]).toEqual([path, "never", "never"]);
  }
});

test("a proof is read wherever a role must be proven, and where a caller asks who it is or looks at keys", () => {
  const reading = [...TABLE].filter(([, row]) => row.readsProof).map(([path]) => path);
  const proven = [...TABLE].filter(([, row]) => row.vsock !== Role.USER).map(([path]) => path);
  const looking = ["List", "Get", "GetPublicKey"].map((method) => `/gatehouse.v1.Keys/${method}`);
  expect(reading.sort()).toEqual([...proven, "/gatehouse.v1.Access/WhoAmI", ...looking].sort());
});
