// The gateway's answers as JSON (proto3's mapping): what isn't there has its default, and 64-bit numbers are text.
// Must never hold a field that an answer of proto/gatehouse/v1 hasn't got.

/** A 64-bit number. */
type Int64 = string;

export interface WhoAmIJson {
  readonly identity?: string;
  readonly role?: string;
  readonly transport?: string;
  readonly keys?: readonly string[];
}

export interface HealthListJson {
  readonly statuses?: Readonly<Record<string, { readonly status?: string }>>;
}

export interface TransportJson {
  readonly address?: string;
  readonly protection?: string;
  readonly connections?: number;
}

export interface CertificateJson {
  readonly use?: string;
  readonly state?: string;
  readonly subject?: string;
  readonly names?: readonly string[];
  readonly notBeforeMs?: Int64;
  readonly notAfterMs?: Int64;
  /** base64 */
  readonly sha256?: string;
}

export interface UnitJson {
  readonly name?: string;
  readonly healthy?: boolean;
  readonly detail?: string;
}

export interface StatusJson {
  readonly version?: string;
  readonly instanceId?: string;
  readonly startedAtMs?: Int64;
  readonly uptimeMs?: Int64;
  readonly clock?: { readonly nowMs?: Int64; readonly known?: boolean; readonly reason?: string };
  readonly configVersion?: Int64;
  readonly confirmByMs?: Int64;
  readonly transports?: readonly TransportJson[];
  readonly certificates?: readonly CertificateJson[];
  readonly units?: readonly UnitJson[];
  readonly lastEvent?: Int64;
}

export interface KeyPolicyJson {
  readonly algorithms?: readonly string[];
  readonly identities?: readonly string[];
  readonly transports?: readonly string[];
  readonly notBeforeMs?: Int64;
  readonly notAfterMs?: Int64;
  readonly signaturesPerSecond?: number;
}

export interface KeyJson {
  readonly id?: string;
  readonly kind?: string;
  readonly state?: string;
  readonly revision?: Int64;
  readonly policy?: KeyPolicyJson;
  readonly labels?: Readonly<Record<string, string>>;
  readonly versions?: readonly { readonly version?: number; readonly createdAtMs?: Int64 }[];
  readonly createdAtMs?: Int64;
  readonly deleteAtMs?: Int64;
  readonly imported?: boolean;
}

export interface KeyListJson {
  readonly keys?: readonly KeyJson[];
  readonly nextPageToken?: string;
}

export interface EventJson {
  readonly sequence?: Int64;
  readonly atMs?: Int64;
  readonly kind?: string;
  readonly message?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** google.rpc.Status */
export interface ErrorJson {
  readonly code?: number;
  readonly message?: string;
  readonly details?: readonly { readonly "@type"?: string; readonly reason?: string }[];
}

/** 0 for what isn't there or is no number. */
export const numberOf = (value: Int64 | number | undefined): number => {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
};
