// Who tells: each of the three programs is a service of its own (OpenTelemetry's resource conventions).
// Must never hold more than says which appliance it is.
import type { Resource } from "@opentelemetry/resources";

export type { Resource } from "@opentelemetry/resources";

export interface Resources {
  readonly edge: Resource;
  readonly agent: Resource;
  readonly signer: Resource;
}

/** @param instanceId which appliance */
export function resourcesOf(instanceId: string, version: string): Resources {
  const resource = (name: string) =>
    fixedResource({
      "service.name": `gatehouse-${name}`,
      "service.version": version,
      "service.instance.id": instanceId,
    });
  return { edge: resource("edge"), agent: resource("agent"), signer: resource("signer") };
}

/** The library's own brings detectors, which ask the machine more than the agent may. */
function fixedResource(attributes: Record<string, string>): Resource {
  const resource: Resource = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}
