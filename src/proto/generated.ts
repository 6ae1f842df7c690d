// Generated from proto/ by `deno task proto`. Don't edit.
import type Long from "long";

export interface EchoRequest {
  payload: string;
  timestamp: Long;
}
export interface EchoRequestInit {
  payload?: string | null;
  timestamp?: Long | number | string | null;
}

export interface EchoResponse {
  payload: string;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface EchoResponseInit {
  payload?: string | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export const CryptoKeyType = {
  RSA: 0,
  ECC: 1,
} as const;

export const CryptoSigningAlgorithm = {
  RSA_PKCS1_SHA256: 0,
  RSA_PSS_SHA256: 1,
  ECDSA_P256_SHA256: 2,
  ECDSA_P384_SHA256: 3,
  ECDSA_P384_SHA384: 16,
} as const;

export interface CryptoSignRequest {
  data: Uint8Array;
  key_type: number;
  algorithm: number;
  timestamp: Long;
}
export interface CryptoSignRequestInit {
  data?: Uint8Array | null;
  key_type?: number | null;
  algorithm?: number | null;
  timestamp?: Long | number | string | null;
}

export interface CryptoSignResponse {
  signature: Uint8Array;
  key_type: number;
  algorithm: number;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface CryptoSignResponseInit {
  signature?: Uint8Array | null;
  key_type?: number | null;
  algorithm?: number | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export interface CryptoPublicKeyRequest {
  key_type: number;
  timestamp: Long;
  algorithm?: number | null;
}
export interface CryptoPublicKeyRequestInit {
  key_type?: number | null;
  timestamp?: Long | number | string | null;
  algorithm?: number | null;
}

export interface CryptoPublicKeyResponse {
  public_key_der: Uint8Array;
  key_type: number;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface CryptoPublicKeyResponseInit {
  public_key_der?: Uint8Array | null;
  key_type?: number | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export const Role = {
  ROLE_UNSPECIFIED: 0,
  USER: 1,
  OPERATOR: 2,
  ADMIN: 3,
} as const;

export interface ChallengeRequest {

}
export interface ChallengeRequestInit {

}

export interface ChallengeResponse {
  nonce: Uint8Array;
  instance_id: string;
  lifetime_ms: Long;
}
export interface ChallengeResponseInit {
  nonce?: Uint8Array | null;
  instance_id?: string | null;
  lifetime_ms?: Long | number | string | null;
}

export interface Proof {
  key_id: Uint8Array;
  nonce: Uint8Array;
  signature: Uint8Array;
}
export interface ProofInit {
  key_id?: Uint8Array | null;
  nonce?: Uint8Array | null;
  signature?: Uint8Array | null;
}

export interface WhoAmIRequest {

}
export interface WhoAmIRequestInit {

}

export interface WhoAmIResponse {
  identity: string;
  role: number;
  transport: string;
  keys: string[];
}
export interface WhoAmIResponseInit {
  identity?: string | null;
  role?: number | null;
  transport?: string | null;
  keys?: (string)[] | null;
}

export interface Admin {
  name: string;
  role: number;
  public_key_der: Uint8Array;
  key_id: Uint8Array;
  added_at_ms: Long;
  added_by: string;
}
export interface AdminInit {
  name?: string | null;
  role?: number | null;
  public_key_der?: Uint8Array | null;
  key_id?: Uint8Array | null;
  added_at_ms?: Long | number | string | null;
  added_by?: string | null;
}

export interface ListAdminsRequest {

}
export interface ListAdminsRequestInit {

}

export interface ListAdminsResponse {
  admins: Admin[];
}
export interface ListAdminsResponseInit {
  admins?: (AdminInit)[] | null;
}

export interface AddAdminRequest {
  name: string;
  role: number;
  public_key_der: Uint8Array;
}
export interface AddAdminRequestInit {
  name?: string | null;
  role?: number | null;
  public_key_der?: Uint8Array | null;
}

export interface RemoveAdminRequest {
  name: string;
}
export interface RemoveAdminRequestInit {
  name?: string | null;
}

export interface RemoveAdminResponse {

}
export interface RemoveAdminResponseInit {

}

export interface GetRecipientRequest {

}
export interface GetRecipientRequestInit {

}

export interface SetRecipientRequest {
  recipient: string;
}
export interface SetRecipientRequestInit {
  recipient?: string | null;
}

export interface RecoveryRecipient {
  recipient: string;
  set_at_ms: Long;
}
export interface RecoveryRecipientInit {
  recipient?: string | null;
  set_at_ms?: Long | number | string | null;
}

export interface CreateBackupRequest {
  ids: string[];
}
export interface CreateBackupRequestInit {
  ids?: (string)[] | null;
}

export interface BackupChunk {
  data: Uint8Array;
  left_out: string[];
}
export interface BackupChunkInit {
  data?: Uint8Array | null;
  left_out?: (string)[] | null;
}

export interface RestoreRequest {
  start?: RestoreStart | null;
  data?: Uint8Array | null;
}
export interface RestoreRequestInit {
  start?: RestoreStartInit | null;
  data?: Uint8Array | null;
}

export interface RestoreStart {
  sealed_identity: Uint8Array;
  sha256: Uint8Array;
  bytes: Long;
  ids: string[];
  skip_existing: boolean;
  dry_run: boolean;
  replace_well_known: boolean;
}
export interface RestoreStartInit {
  sealed_identity?: Uint8Array | null;
  sha256?: Uint8Array | null;
  bytes?: Long | number | string | null;
  ids?: (string)[] | null;
  skip_existing?: boolean | null;
  dry_run?: boolean | null;
  replace_well_known?: boolean | null;
}

export interface RestoreResponse {
  restored: string[];
  skipped: string[];
  restored_count: Long;
  skipped_count: Long;
}
export interface RestoreResponseInit {
  restored?: (string)[] | null;
  skipped?: (string)[] | null;
  restored_count?: Long | number | string | null;
  skipped_count?: Long | number | string | null;
}

export interface GetTransportKeyRequest {

}
export interface GetTransportKeyRequestInit {

}

export interface TransportKey {
  recipient: string;
}
export interface TransportKeyInit {
  recipient?: string | null;
}

export interface ChangeSealingKeyRequest {
  sealed_key: Uint8Array;
}
export interface ChangeSealingKeyRequestInit {
  sealed_key?: Uint8Array | null;
}

export interface GetSealingStatusRequest {

}
export interface GetSealingStatusRequestInit {

}

export interface SealingStatus {
  generation: Long;
  rows_left: number;
}
export interface SealingStatusInit {
  generation?: Long | number | string | null;
  rows_left?: number | null;
}

export interface ConfigVersion {
  version: Long;
  toml: string;
  applied_at_ms: Long;
  applied_by: string;
  comment: string;
  confirm_by_ms: Long;
  tls?: TlsMaterial | null;
  in_force: boolean;
  warnings: string[];
}
export interface ConfigVersionInit {
  version?: Long | number | string | null;
  toml?: string | null;
  applied_at_ms?: Long | number | string | null;
  applied_by?: string | null;
  comment?: string | null;
  confirm_by_ms?: Long | number | string | null;
  tls?: TlsMaterialInit | null;
  in_force?: boolean | null;
  warnings?: (string)[] | null;
}

export interface TlsMaterial {
  certificate_pem?: string | null;
  private_key_pem?: string | null;
  client_ca_pem?: string | null;
  crl_pem?: string | null;
}
export interface TlsMaterialInit {
  certificate_pem?: string | null;
  private_key_pem?: string | null;
  client_ca_pem?: string | null;
  crl_pem?: string | null;
}

export interface GetConfigRequest {
  version: Long;
}
export interface GetConfigRequestInit {
  version?: Long | number | string | null;
}

export interface ApplyConfigRequest {
  expected_version: Long;
  toml?: string | null;
  tls?: TlsMaterial | null;
  confirm_within_s: number;
  comment: string;
  dry_run: boolean;
}
export interface ApplyConfigRequestInit {
  expected_version?: Long | number | string | null;
  toml?: string | null;
  tls?: TlsMaterialInit | null;
  confirm_within_s?: number | null;
  comment?: string | null;
  dry_run?: boolean | null;
}

export interface ConfirmConfigRequest {
  version: Long;
}
export interface ConfirmConfigRequestInit {
  version?: Long | number | string | null;
}

export interface ConfigHistoryRequest {

}
export interface ConfigHistoryRequestInit {

}

export interface ConfigHistoryResponse {
  versions: ConfigVersion[];
}
export interface ConfigHistoryResponseInit {
  versions?: (ConfigVersionInit)[] | null;
}

export interface RollbackConfigRequest {
  version: Long;
  expected_version: Long;
  confirm_within_s: number;
}
export interface RollbackConfigRequestInit {
  version?: Long | number | string | null;
  expected_version?: Long | number | string | null;
  confirm_within_s?: number | null;
}

export const EcdsaEncoding = {
  DER: 0,
  RAW: 1,
} as const;

export interface SignRequest {
  key: string;
  version: number;
  algorithm: number;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  encoding: number;
  timings: boolean;
}
export interface SignRequestInit {
  key?: string | null;
  version?: number | null;
  algorithm?: number | null;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  encoding?: number | null;
  timings?: boolean | null;
}

export interface SignResponse {
  signature: Uint8Array;
  version: number;
  timings?: Timings | null;
}
export interface SignResponseInit {
  signature?: Uint8Array | null;
  version?: number | null;
  timings?: TimingsInit | null;
}

export interface Timings {
  queue_us: number;
  sign_us: number;
  total_us: number;
}
export interface TimingsInit {
  queue_us?: number | null;
  sign_us?: number | null;
  total_us?: number | null;
}

export interface SignBatchRequest {
  items: SignRequest[];
}
export interface SignBatchRequestInit {
  items?: (SignRequestInit)[] | null;
}

export interface SignBatchResponse {
  items: SignBatchItem[];
}
export interface SignBatchResponseInit {
  items?: (SignBatchItemInit)[] | null;
}

export interface SignBatchItem {
  signed?: SignResponse | null;
  refused?: ItemStatus | null;
}
export interface SignBatchItemInit {
  signed?: SignResponseInit | null;
  refused?: ItemStatusInit | null;
}

export interface ItemStatus {
  code: number;
  message: string;
  reason: string;
  retry_after_ms: number;
}
export interface ItemStatusInit {
  code?: number | null;
  message?: string | null;
  reason?: string | null;
  retry_after_ms?: number | null;
}

export interface SignStreamRequest {
  start?: SignRequest | null;
  data?: Uint8Array | null;
}
export interface SignStreamRequestInit {
  start?: SignRequestInit | null;
  data?: Uint8Array | null;
}

export interface VerifyRequest {
  key: string;
  version: number;
  algorithm: number;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  encoding: number;
  signature: Uint8Array;
}
export interface VerifyRequestInit {
  key?: string | null;
  version?: number | null;
  algorithm?: number | null;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  encoding?: number | null;
  signature?: Uint8Array | null;
}

export interface VerifyResponse {
  valid: boolean;
  version: number;
}
export interface VerifyResponseInit {
  valid?: boolean | null;
  version?: number | null;
}

export interface RandomRequest {
  bytes: number;
}
export interface RandomRequestInit {
  bytes?: number | null;
}

export interface RandomResponse {
  data: Uint8Array;
}
export interface RandomResponseInit {
  data?: Uint8Array | null;
}

export const KeyKind = {
  KEY_KIND_UNSPECIFIED: 0,
  RSA_2048: 1,
  RSA_3072: 2,
  RSA_4096: 3,
  EC_P256: 4,
  EC_P384: 5,
  EC_P521: 6,
  ED25519: 7,
} as const;

export const Algorithm = {
  ALGORITHM_UNSPECIFIED: 0,
  RSA_PKCS1_SHA256: 1,
  RSA_PSS_SHA256: 2,
  ECDSA_P256_SHA256: 3,
  ECDSA_P384_SHA256: 4,
  ECDSA_P384_SHA384: 5,
  RSA_PKCS1_SHA384: 6,
  RSA_PKCS1_SHA512: 7,
  RSA_PSS_SHA384: 8,
  RSA_PSS_SHA512: 9,
  ECDSA_P521_SHA512: 10,
  EDDSA_ED25519: 11,
} as const;

export const KeyState = {
  KEY_STATE_UNSPECIFIED: 0,
  ENABLED: 1,
  DISABLED: 2,
  PENDING_DELETION: 3,
  DESTROYED: 4,
} as const;

export const Transport = {
  TRANSPORT_UNSPECIFIED: 0,
  TCP_TLS: 1,
  TCP_PLAIN: 2,
  VSOCK: 3,
  UNIX: 4,
} as const;

export interface Key {
  id: string;
  kind: number;
  state: number;
  revision: Long;
  policy?: KeyPolicy | null;
  labels: Record<string, string>;
  versions: KeyVersion[];
  created_at_ms: Long;
  delete_at_ms: Long;
  imported: boolean;
}
export interface KeyInit {
  id?: string | null;
  kind?: number | null;
  state?: number | null;
  revision?: Long | number | string | null;
  policy?: KeyPolicyInit | null;
  labels?: Record<string, string> | null;
  versions?: (KeyVersionInit)[] | null;
  created_at_ms?: Long | number | string | null;
  delete_at_ms?: Long | number | string | null;
  imported?: boolean | null;
}

export interface KeyVersion {
  version: number;
  public_key_der: Uint8Array;
  created_at_ms: Long;
}
export interface KeyVersionInit {
  version?: number | null;
  public_key_der?: Uint8Array | null;
  created_at_ms?: Long | number | string | null;
}

export interface KeyPolicy {
  algorithms: number[];
  identities: string[];
  transports: number[];
  not_before_ms: Long;
  not_after_ms: Long;
  signatures_per_second: number;
}
export interface KeyPolicyInit {
  algorithms?: (number)[] | null;
  identities?: (string)[] | null;
  transports?: (number)[] | null;
  not_before_ms?: Long | number | string | null;
  not_after_ms?: Long | number | string | null;
  signatures_per_second?: number | null;
}

export interface CreateKeyRequest {
  request_id: string;
  id: string;
  kind: number;
  policy?: KeyPolicy | null;
  labels: Record<string, string>;
}
export interface CreateKeyRequestInit {
  request_id?: string | null;
  id?: string | null;
  kind?: number | null;
  policy?: KeyPolicyInit | null;
  labels?: Record<string, string> | null;
}

export interface ImportKeyRequest {
  request_id: string;
  id: string;
  pkcs8_der?: Uint8Array | null;
  sealed_pkcs8?: Uint8Array | null;
  policy?: KeyPolicy | null;
  labels: Record<string, string>;
}
export interface ImportKeyRequestInit {
  request_id?: string | null;
  id?: string | null;
  pkcs8_der?: Uint8Array | null;
  sealed_pkcs8?: Uint8Array | null;
  policy?: KeyPolicyInit | null;
  labels?: Record<string, string> | null;
}

export interface ListKeysRequest {
  page_size: number;
  page_token: string;
  labels: Record<string, string>;
  states: number[];
}
export interface ListKeysRequestInit {
  page_size?: number | null;
  page_token?: string | null;
  labels?: Record<string, string> | null;
  states?: (number)[] | null;
}

export interface ListKeysResponse {
  keys: Key[];
  next_page_token: string;
}
export interface ListKeysResponseInit {
  keys?: (KeyInit)[] | null;
  next_page_token?: string | null;
}

export interface GetKeyRequest {
  id: string;
}
export interface GetKeyRequestInit {
  id?: string | null;
}

export const PublicKeyFormat = {
  SPKI_DER: 0,
  SPKI_PEM: 1,
  JWK: 2,
  OPENSSH: 3,
} as const;

export interface GetPublicKeyRequest {
  id: string;
  version: number;
  format: number;
}
export interface GetPublicKeyRequestInit {
  id?: string | null;
  version?: number | null;
  format?: number | null;
}

export interface PublicKey {
  id: string;
  version: number;
  kind: number;
  format: number;
  public_key: Uint8Array;
}
export interface PublicKeyInit {
  id?: string | null;
  version?: number | null;
  kind?: number | null;
  format?: number | null;
  public_key?: Uint8Array | null;
}

export interface RotateKeyRequest {
  request_id: string;
  id: string;
  expected_revision: Long;
}
export interface RotateKeyRequestInit {
  request_id?: string | null;
  id?: string | null;
  expected_revision?: Long | number | string | null;
}

export interface ChangeKeyRequest {
  request_id: string;
  id: string;
  expected_revision: Long;
}
export interface ChangeKeyRequestInit {
  request_id?: string | null;
  id?: string | null;
  expected_revision?: Long | number | string | null;
}

export interface ScheduleDeletionRequest {
  request_id: string;
  id: string;
  expected_revision: Long;
  after_s: number;
}
export interface ScheduleDeletionRequestInit {
  request_id?: string | null;
  id?: string | null;
  expected_revision?: Long | number | string | null;
  after_s?: number | null;
}

export interface SetPolicyRequest {
  request_id: string;
  id: string;
  expected_revision: Long;
  policy?: KeyPolicy | null;
}
export interface SetPolicyRequestInit {
  request_id?: string | null;
  id?: string | null;
  expected_revision?: Long | number | string | null;
  policy?: KeyPolicyInit | null;
}

export interface SetLabelsRequest {
  request_id: string;
  id: string;
  expected_revision: Long;
  labels: Record<string, string>;
}
export interface SetLabelsRequestInit {
  request_id?: string | null;
  id?: string | null;
  expected_revision?: Long | number | string | null;
  labels?: Record<string, string> | null;
}

export interface ProfileCpuRequest {
  seconds: number;
}
export interface ProfileCpuRequestInit {
  seconds?: number | null;
}

export interface SnapshotHeapRequest {

}
export interface SnapshotHeapRequestInit {

}

export interface DiagnosticsChunk {
  data: Uint8Array;
}
export interface DiagnosticsChunkInit {
  data?: Uint8Array | null;
}

export interface GetLogLevelsRequest {

}
export interface GetLogLevelsRequestInit {

}

export interface SetLogLevelRequest {
  component: string;
  level: string;
}
export interface SetLogLevelRequestInit {
  component?: string | null;
  level?: string | null;
}

export interface LogLevels {
  configured: string;
  components: LogComponent[];
}
export interface LogLevelsInit {
  configured?: string | null;
  components?: (LogComponentInit)[] | null;
}

export interface LogComponent {
  name: string;
  level: string;
  changed: boolean;
}
export interface LogComponentInit {
  name?: string | null;
  level?: string | null;
  changed?: boolean | null;
}

export interface GetStatusRequest {

}
export interface GetStatusRequestInit {

}

export interface GetStatusResponse {
  version: string;
  instance_id: string;
  started_at_ms: Long;
  uptime_ms: Long;
  clock?: Clock | null;
  config_version: Long;
  confirm_by_ms: Long;
  transports: TransportStatus[];
  certificates: Certificate[];
  units: Unit[];
  last_event: Long;
}
export interface GetStatusResponseInit {
  version?: string | null;
  instance_id?: string | null;
  started_at_ms?: Long | number | string | null;
  uptime_ms?: Long | number | string | null;
  clock?: ClockInit | null;
  config_version?: Long | number | string | null;
  confirm_by_ms?: Long | number | string | null;
  transports?: (TransportStatusInit)[] | null;
  certificates?: (CertificateInit)[] | null;
  units?: (UnitInit)[] | null;
  last_event?: Long | number | string | null;
}

export interface GetMetricsRequest {
  format: number;
}
export interface GetMetricsRequestInit {
  format?: number | null;
}

export const GetMetricsRequestFormat = {
  PROMETHEUS: 0,
  OPENMETRICS: 1,
} as const;

export interface GetMetricsResponse {
  content_type: string;
  text: Uint8Array;
}
export interface GetMetricsResponseInit {
  content_type?: string | null;
  text?: Uint8Array | null;
}

export interface Clock {
  now_ms: Long;
  known: boolean;
  reason: string;
}
export interface ClockInit {
  now_ms?: Long | number | string | null;
  known?: boolean | null;
  reason?: string | null;
}

export interface TransportStatus {
  address: string;
  protection: string;
  connections: number;
}
export interface TransportStatusInit {
  address?: string | null;
  protection?: string | null;
  connections?: number | null;
}

export interface Certificate {
  use: number;
  state: number;
  subject: string;
  names: string[];
  not_before_ms: Long;
  not_after_ms: Long;
  sha256: Uint8Array;
}
export interface CertificateInit {
  use?: number | null;
  state?: number | null;
  subject?: string | null;
  names?: (string)[] | null;
  not_before_ms?: Long | number | string | null;
  not_after_ms?: Long | number | string | null;
  sha256?: Uint8Array | null;
}

export const CertificateUse = {
  USE_UNSPECIFIED: 0,
  SERVER: 1,
  CLIENT_CA: 2,
} as const;

export const CertificateState = {
  STATE_UNSPECIFIED: 0,
  VALID: 1,
  NEAR_EXPIRY: 2,
  EXPIRED: 3,
  NOT_YET_VALID: 4,
} as const;

export interface Unit {
  name: string;
  healthy: boolean;
  detail: string;
}
export interface UnitInit {
  name?: string | null;
  healthy?: boolean | null;
  detail?: string | null;
}

export interface WatchEventsRequest {
  after_sequence: Long;
  include_kept: boolean;
}
export interface WatchEventsRequestInit {
  after_sequence?: Long | number | string | null;
  include_kept?: boolean | null;
}

export interface Event {
  sequence: Long;
  at_ms: Long;
  kind: number;
  message: string;
  fields: Record<string, string>;
}
export interface EventInit {
  sequence?: Long | number | string | null;
  at_ms?: Long | number | string | null;
  kind?: number | null;
  message?: string | null;
  fields?: Record<string, string> | null;
}

export const EventKind = {
  KIND_UNSPECIFIED: 0,
  STARTED: 1,
  STOPPING: 2,
  CONFIG_APPLIED: 3,
  CONFIG_CONFIRMED: 4,
  CONFIG_REVERTED: 5,
  CERTIFICATE_NEAR_EXPIRY: 6,
  CERTIFICATE_EXPIRED: 7,
  DENIED: 8,
  SIGNER_LOST: 9,
  SIGNER_BACK: 10,
  EDGE_LOST: 11,
  EDGE_BACK: 12,
  ADMIN_ADDED: 13,
  ADMIN_REMOVED: 14,
  CLOCK_UNKNOWN: 15,
  CLOCK_KNOWN: 16,
  KEY_CREATED: 17,
  KEY_ROTATED: 18,
  KEY_STATE_CHANGED: 19,
  KEY_DESTROYED: 20,
  KEY_POLICY_CHANGED: 21,
  BACKUP_CREATED: 22,
  KEYS_RESTORED: 23,
  RECOVERY_RECIPIENT_SET: 24,
  SEALING_KEY_CHANGED: 25,
} as const;

export interface SignerCaller {
  identity: string;
  transport: number;
}
export interface SignerCallerInit {
  identity?: string | null;
  transport?: number | null;
}

export interface SignerListKeysRequest {
  list?: ListKeysRequest | null;
  ids: string[];
  seen_by: string;
}
export interface SignerListKeysRequestInit {
  list?: ListKeysRequestInit | null;
  ids?: (string)[] | null;
  seen_by?: string | null;
}

export interface SignerSignBatchRequest {
  items: SignerSignItem[];
  callers: SignerCaller[];
  clock_known: boolean;
}
export interface SignerSignBatchRequestInit {
  items?: (SignerSignItemInit)[] | null;
  callers?: (SignerCallerInit)[] | null;
  clock_known?: boolean | null;
}

export interface SignerSignItem {
  id: number;
  key: string;
  algorithm: number;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  version: number;
  caller: number;
  encoding: number;
  timeout_ms: number;
}
export interface SignerSignItemInit {
  id?: number | null;
  key?: string | null;
  algorithm?: number | null;
  data?: Uint8Array | null;
  digest?: Uint8Array | null;
  version?: number | null;
  caller?: number | null;
  encoding?: number | null;
  timeout_ms?: number | null;
}

export interface SignerSignBatchResponse {
  results: SignerSignResult[];
}
export interface SignerSignBatchResponseInit {
  results?: (SignerSignResultInit)[] | null;
}

export interface SignerSignResult {
  id: number;
  signature?: Uint8Array | null;
  failure?: ItemStatus | null;
  version: number;
  queue_us: number;
  sign_us: number;
}
export interface SignerSignResultInit {
  id?: number | null;
  signature?: Uint8Array | null;
  failure?: ItemStatusInit | null;
  version?: number | null;
  queue_us?: number | null;
  sign_us?: number | null;
}

export interface SignerSignStreamRequest {
  start?: SignerSignStreamStart | null;
  data?: Uint8Array | null;
}
export interface SignerSignStreamRequestInit {
  start?: SignerSignStreamStartInit | null;
  data?: Uint8Array | null;
}

export interface SignerSignStreamStart {
  item?: SignerSignItem | null;
  caller?: SignerCaller | null;
  clock_known: boolean;
}
export interface SignerSignStreamStartInit {
  item?: SignerSignItemInit | null;
  caller?: SignerCallerInit | null;
  clock_known?: boolean | null;
}

export interface SignerVerifyRequest {
  verify?: VerifyRequest | null;
  caller?: SignerCaller | null;
}
export interface SignerVerifyRequestInit {
  verify?: VerifyRequestInit | null;
  caller?: SignerCallerInit | null;
}

export interface ProtobufAny {
  type_url: string;
  value: Uint8Array;
}
export interface ProtobufAnyInit {
  type_url?: string | null;
  value?: Uint8Array | null;
}

export interface ProtobufDuration {
  seconds: Long;
  nanos: number;
}
export interface ProtobufDurationInit {
  seconds?: Long | number | string | null;
  nanos?: number | null;
}

export interface RpcStatus {
  code: number;
  message: string;
  details: ProtobufAny[];
}
export interface RpcStatusInit {
  code?: number | null;
  message?: string | null;
  details?: (ProtobufAnyInit)[] | null;
}

export interface RpcBadRequest {
  field_violations: RpcBadRequestFieldViolation[];
}
export interface RpcBadRequestInit {
  field_violations?: (RpcBadRequestFieldViolationInit)[] | null;
}

export interface RpcBadRequestFieldViolation {
  field: string;
  description: string;
  reason: string;
}
export interface RpcBadRequestFieldViolationInit {
  field?: string | null;
  description?: string | null;
  reason?: string | null;
}

export interface RpcErrorInfo {
  reason: string;
  domain: string;
  metadata: Record<string, string>;
}
export interface RpcErrorInfoInit {
  reason?: string | null;
  domain?: string | null;
  metadata?: Record<string, string> | null;
}

export interface RpcRetryInfo {
  retry_delay?: ProtobufDuration | null;
}
export interface RpcRetryInfoInit {
  retry_delay?: ProtobufDurationInit | null;
}

export const API_DESCRIPTORS = {
 "nested": {
  "echo": {
   "nested": {
    "EchoService": {
     "methods": {
      "Echo": {
       "requestType": "EchoRequest",
       "responseType": "EchoResponse",
       "comment": "Returns the payload, the caller's timestamp and the server's."
      }
     }
    },
    "EchoRequest": {
     "fields": {
      "payload": {
       "type": "string",
       "id": 1
      },
      "timestamp": {
       "type": "int64",
       "id": 2,
       "comment": "When the client sent this, milliseconds since the Unix epoch. Returned as it came."
      }
     }
    },
    "EchoResponse": {
     "fields": {
      "payload": {
       "type": "string",
       "id": 1
      },
      "request_timestamp": {
       "type": "int64",
       "id": 2,
       "comment": "The request's timestamp."
      },
      "response_timestamp": {
       "type": "int64",
       "id": 3,
       "comment": "When the server answered, milliseconds since the Unix epoch."
      }
     }
    }
   }
  },
  "crypto": {
   "nested": {
    "CryptoService": {
     "methods": {
      "Sign": {
       "requestType": "SignRequest",
       "responseType": "SignResponse",
       "comment": "Signs `data` (hashed by the server; empty data is signed too).\nINVALID_ARGUMENT: key_type and algorithm don't go together, an unknown enum\nvalue, data too long; the details name the field and what is allowed.\nUNAVAILABLE: the signer is restarting; try again."
      },
      "GetPublicKey": {
       "requestType": "PublicKeyRequest",
       "responseType": "PublicKeyResponse",
       "comment": "The public half of the key that signs for key_type, or for `algorithm`\nwhere one is given."
      }
     }
    },
    "KeyType": {
     "values": {
      "RSA": 0,
      "ECC": 1
     },
     "comments": {
      "RSA": "RSA-2048",
      "ECC": "P-256 or P-384, as the algorithm says"
     }
    },
    "SigningAlgorithm": {
     "values": {
      "RSA_PKCS1_SHA256": 0,
      "RSA_PSS_SHA256": 1,
      "ECDSA_P256_SHA256": 2,
      "ECDSA_P384_SHA256": 3,
      "ECDSA_P384_SHA384": 16
     },
     "comments": {
      "RSA_PKCS1_SHA256": "RFC 8017, 8.2",
      "RSA_PSS_SHA256": "RFC 8017, 8.1; MGF1 with SHA-256, a salt of 32 bytes",
      "ECDSA_P256_SHA256": "FIPS 186-5, 6"
     }
    },
    "SignRequest": {
     "fields": {
      "data": {
       "type": "bytes",
       "id": 1,
       "comment": "At most 4,128,768 bytes: what fits a message of gRPC's default limit."
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 3
      },
      "timestamp": {
       "type": "int64",
       "id": 4,
       "comment": "When the client sent this, milliseconds since the Unix epoch. Returned as it came."
      }
     }
    },
    "SignResponse": {
     "fields": {
      "signature": {
       "type": "bytes",
       "id": 1,
       "comment": "PKCS#1 and PSS: as long as the modulus. ECDSA: DER (RFC 3279, 2.2.3)."
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 3
      },
      "request_timestamp": {
       "type": "int64",
       "id": 4
      },
      "response_timestamp": {
       "type": "int64",
       "id": 5,
       "comment": "When the server answered, milliseconds since the Unix epoch."
      }
     }
    },
    "PublicKeyRequest": {
     "oneofs": {
      "_algorithm": {
       "oneof": [
        "algorithm"
       ]
      }
     },
     "fields": {
      "key_type": {
       "type": "KeyType",
       "id": 1
      },
      "timestamp": {
       "type": "int64",
       "id": 2,
       "comment": "When the client sent this, milliseconds since the Unix epoch. Returned as it came."
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 16,
       "options": {
        "proto3_optional": true
       },
       "comment": "Asks for the key that signs with this algorithm: the only way to the P-384\nkey. Without it, ECC gives the P-256 key."
      }
     }
    },
    "PublicKeyResponse": {
     "fields": {
      "public_key_der": {
       "type": "bytes",
       "id": 1,
       "comment": "SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "request_timestamp": {
       "type": "int64",
       "id": 3
      },
      "response_timestamp": {
       "type": "int64",
       "id": 4,
       "comment": "When the server answered, milliseconds since the Unix epoch."
      }
     }
    }
   }
  },
  "gatehouse": {
   "nested": {
    "v1": {
     "nested": {
      "Access": {
       "methods": {
        "Challenge": {
         "requestType": "ChallengeRequest",
         "responseType": "ChallengeResponse",
         "options": {
          "(google.api.http).post": "/v1/access:challenge",
          "(google.api.http).body": "*"
         },
         "comment": "A nonce for one Proof, good once, on this connection, for lifetime_ms.\nRESOURCE_EXHAUSTED: this connection holds too many that were not used.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/access:challenge",
            "body": "*"
           }
          }
         ]
        },
        "WhoAmI": {
         "requestType": "WhoAmIRequest",
         "responseType": "WhoAmIResponse",
         "options": {
          "(google.api.http).get": "/v1/access:whoAmI"
         },
         "comment": "Who the caller is to this server, and what that allows.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/access:whoAmI"
           }
          }
         ]
        }
       }
      },
      "Admins": {
       "methods": {
        "List": {
         "requestType": "ListAdminsRequest",
         "responseType": "ListAdminsResponse",
         "options": {
          "(google.api.http).get": "/v1/admins"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/admins"
           }
          }
         ]
        },
        "Add": {
         "requestType": "AddAdminRequest",
         "responseType": "Admin",
         "options": {
          "(google.api.http).post": "/v1/admins",
          "(google.api.http).body": "*"
         },
         "comment": "ALREADY_EXISTS: the name or the key is enrolled.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/admins",
            "body": "*"
           }
          }
         ]
        },
        "Remove": {
         "requestType": "RemoveAdminRequest",
         "responseType": "RemoveAdminResponse",
         "options": {
          "(google.api.http).delete": "/v1/admins/{name}"
         },
         "comment": "NOT_FOUND; FAILED_PRECONDITION: it is the last administrator.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "delete": "/v1/admins/{name}"
           }
          }
         ]
        }
       },
       "comment": "The keys that may administrate or operate, over VSOCK and Unix sockets only."
      },
      "Role": {
       "values": {
        "ROLE_UNSPECIFIED": 0,
        "USER": 1,
        "OPERATOR": 2,
        "ADMIN": 3
       },
       "comments": {
        "ROLE_UNSPECIFIED": "nobody: may do nothing",
        "USER": "echo, health, and the keys of an allow list",
        "OPERATOR": "reads status, events and configuration; uses keys only if it may by its transport"
       }
      },
      "ChallengeRequest": {
       "fields": {}
      },
      "ChallengeResponse": {
       "fields": {
        "nonce": {
         "type": "bytes",
         "id": 1,
         "comment": "32 bytes"
        },
        "instance_id": {
         "type": "string",
         "id": 2,
         "comment": "Which appliance this is. It goes into the signature, so that a proof made for\none appliance is worth nothing to another."
        },
        "lifetime_ms": {
         "type": "int64",
         "id": 3
        }
       }
      },
      "Proof": {
       "fields": {
        "key_id": {
         "type": "bytes",
         "id": 1,
         "comment": "SHA-256 of the public key's SubjectPublicKeyInfo"
        },
        "nonce": {
         "type": "bytes",
         "id": 2
        },
        "signature": {
         "type": "bytes",
         "id": 3
        }
       },
       "comment": "In the request's metadata as `gatehouse-proof-bin`, base64 by gRPC's rule.\nThe signature is made over the concatenation of\n\"gatehouse-proof-v1\\0\"\ninstance_id, \"\\0\"\nthe method's path (\"/gatehouse.v1.Config/Apply\"), \"\\0\"\nnonce\nSHA-256 of the request message as it is sent\nwith Ed25519 (RFC 8032) or with ECDSA on P-256 and SHA-256 as r||s (64 bytes).\nBy REST it is base64 in the header `Gatehouse-Proof`, with the request's line in place\nof the path (\"POST /v1/config:apply\", the target as sent) and the SHA-256 of the body."
      },
      "WhoAmIRequest": {
       "fields": {}
      },
      "WhoAmIResponse": {
       "fields": {
        "identity": {
         "type": "string",
         "id": 1,
         "comment": "A SAN of the certificate (\"dns:…\", \"uri:…\", \"email:…\", \"ip:…\"), the name of an enrolled\nkey (\"admin:…\"), or the transport alone (\"vsock:2\", \"unix\")."
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "transport": {
         "type": "string",
         "id": 3,
         "comment": "\"tcp\", \"unix\", \"vsock\""
        },
        "keys": {
         "rule": "repeated",
         "type": "string",
         "id": 4,
         "comment": "that it may use; \"*\" means all"
        }
       }
      },
      "Admin": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1,
         "comment": "1 to 64 of a-z, 0-9, \".\", \"_\", \"-\""
        },
        "role": {
         "type": "Role",
         "id": 2,
         "comment": "ADMIN or OPERATOR"
        },
        "public_key_der": {
         "type": "bytes",
         "id": 3,
         "comment": "SubjectPublicKeyInfo: Ed25519 or P-256"
        },
        "key_id": {
         "type": "bytes",
         "id": 4
        },
        "added_at_ms": {
         "type": "int64",
         "id": 5
        },
        "added_by": {
         "type": "string",
         "id": 6,
         "comment": "an identity, or \"bootstrap\""
        }
       }
      },
      "ListAdminsRequest": {
       "fields": {}
      },
      "ListAdminsResponse": {
       "fields": {
        "admins": {
         "rule": "repeated",
         "type": "Admin",
         "id": 1
        }
       }
      },
      "AddAdminRequest": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "public_key_der": {
         "type": "bytes",
         "id": 3
        }
       }
      },
      "RemoveAdminRequest": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        }
       }
      },
      "RemoveAdminResponse": {
       "fields": {}
      },
      "Backup": {
       "methods": {
        "GetRecipient": {
         "requestType": "GetRecipientRequest",
         "responseType": "RecoveryRecipient",
         "options": {
          "(google.api.http).get": "/v1/backup/recipient"
         },
         "comment": "The public half to which backups are encrypted. FAILED_PRECONDITION: none was set.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/backup/recipient"
           }
          }
         ]
        },
        "SetRecipient": {
         "requestType": "SetRecipientRequest",
         "responseType": "RecoveryRecipient",
         "options": {
          "(google.api.http).put": "/v1/backup/recipient",
          "(google.api.http).body": "*"
         },
         "comment": "Once in the life of a store; ALREADY_EXISTS after that.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/backup/recipient",
            "body": "*"
           }
          }
         ]
        },
        "Create": {
         "requestType": "CreateBackupRequest",
         "responseType": "BackupChunk",
         "responseStream": true,
         "options": {
          "(google.api.http).post": "/v1/backup:create",
          "(google.api.http).body": "*"
         },
         "comment": "An age file (age-encryption.org/v1); what it holds is said in gatehouse/backup/v1/content.proto.\nAll of it is of one moment. FAILED_PRECONDITION: no recipient was set. NOT_FOUND, DATA_LOSS: a\nkey that was named isn't there, or is damaged; RESOURCE_EXHAUSTED: another one is being made.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/backup:create",
            "body": "*"
           }
          }
         ]
        },
        "Restore": {
         "requestType": "RestoreRequest",
         "requestStream": true,
         "responseType": "RestoreResponse",
         "comment": "Checks the whole file, then takes it over in one change, or nothing of it. A key whose deletion\nis due or almost comes back with an hour left, in which it can be cancelled.\nINVALID_ARGUMENT: cut, changed, another format; PERMISSION_DENIED: the identity doesn't open it."
        }
       }
      },
      "Sealing": {
       "methods": {
        "GetTransportKey": {
         "requestType": "GetTransportKeyRequest",
         "responseType": "TransportKey",
         "options": {
          "(google.api.http).get": "/v1/sealing/transportKey"
         },
         "comment": "To whom a secret for the signer is encrypted. Made anew at each start of the signer.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/sealing/transportKey"
           }
          }
         ]
        },
        "Change": {
         "requestType": "ChangeSealingKeyRequest",
         "responseType": "SealingStatus",
         "options": {
          "(google.api.http).post": "/v1/sealing:change",
          "(google.api.http).body": "*"
         },
         "comment": "Seals every key anew, under another sealing key, while signing goes on. Broken off\nanywhere it goes on at the next start, with either sealing key.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/sealing:change",
            "body": "*"
           }
          }
         ]
        },
        "GetStatus": {
         "requestType": "GetSealingStatusRequest",
         "responseType": "SealingStatus",
         "options": {
          "(google.api.http).get": "/v1/sealing"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/sealing"
           }
          }
         ]
        }
       }
      },
      "GetRecipientRequest": {
       "fields": {}
      },
      "SetRecipientRequest": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1,
         "comment": "\"age1…\""
        }
       }
      },
      "RecoveryRecipient": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1
        },
        "set_at_ms": {
         "type": "int64",
         "id": 2
        }
       }
      },
      "CreateBackupRequest": {
       "fields": {
        "ids": {
         "rule": "repeated",
         "type": "string",
         "id": 1,
         "comment": "at most 4,000; none: all"
        }
       }
      },
      "BackupChunk": {
       "fields": {
        "data": {
         "type": "bytes",
         "id": 1
        },
        "left_out": {
         "rule": "repeated",
         "type": "string",
         "id": 2,
         "comment": "In the last one, of a backup of all: keys that are damaged in the store, the first 1,000."
        }
       }
      },
      "RestoreRequest": {
       "oneofs": {
        "part": {
         "oneof": [
          "start",
          "data"
         ]
        }
       },
       "fields": {
        "start": {
         "type": "RestoreStart",
         "id": 1,
         "comment": "the first message"
        },
        "data": {
         "type": "bytes",
         "id": 2,
         "comment": "the file, in parts"
        }
       }
      },
      "RestoreStart": {
       "fields": {
        "sealed_identity": {
         "type": "bytes",
         "id": 1,
         "comment": "The recovery key (\"AGE-SECRET-KEY-1…\"), encrypted by age to GetTransportKey's recipient."
        },
        "sha256": {
         "type": "bytes",
         "id": 2,
         "comment": "of the whole file"
        },
        "bytes": {
         "type": "uint64",
         "id": 3,
         "comment": "its length"
        },
        "ids": {
         "rule": "repeated",
         "type": "string",
         "id": 4,
         "comment": "at most 4,000; none: all that are in it"
        },
        "skip_existing": {
         "type": "bool",
         "id": 5,
         "comment": "A key that is there already: refused (ALREADY_EXISTS), unless it is the same key or this is set,\nthen left as it is. The same: of its kind, with the file's versions and none fewer."
        },
        "dry_run": {
         "type": "bool",
         "id": 6,
         "comment": "checks and changes nothing"
        },
        "replace_well_known": {
         "type": "bool",
         "id": 7,
         "comment": "The well-known keys (default-…), which every appliance makes for itself: those of the file take\ntheir place, and this appliance's own are gone for good."
        }
       }
      },
      "RestoreResponse": {
       "fields": {
        "restored": {
         "rule": "repeated",
         "type": "string",
         "id": 1,
         "comment": "the first 2,000, as all of them may be more than a message takes"
        },
        "skipped": {
         "rule": "repeated",
         "type": "string",
         "id": 2,
         "comment": "the same"
        },
        "restored_count": {
         "type": "uint64",
         "id": 3
        },
        "skipped_count": {
         "type": "uint64",
         "id": 4
        }
       }
      },
      "GetTransportKeyRequest": {
       "fields": {}
      },
      "TransportKey": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1,
         "comment": "\"age1…\""
        }
       }
      },
      "ChangeSealingKeyRequest": {
       "fields": {
        "sealed_key": {
         "type": "bytes",
         "id": 1,
         "comment": "32 bytes, encrypted by age to GetTransportKey's recipient"
        }
       }
      },
      "GetSealingStatusRequest": {
       "fields": {}
      },
      "SealingStatus": {
       "fields": {
        "generation": {
         "type": "uint64",
         "id": 1,
         "comment": "counts the sealing keys that the store has had"
        },
        "rows_left": {
         "type": "uint32",
         "id": 2,
         "comment": "of the store, still under the one before: a key has several; 0: done"
        }
       }
      },
      "Config": {
       "methods": {
        "Get": {
         "requestType": "GetConfigRequest",
         "responseType": "ConfigVersion",
         "options": {
          "(google.api.http).get": "/v1/config"
         },
         "comment": "The version that is in force, or another one that is kept. NOT_FOUND.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/config"
           }
          }
         ]
        },
        "Apply": {
         "requestType": "ApplyConfigRequest",
         "responseType": "ConfigVersion",
         "options": {
          "(google.api.http).post": "/v1/config:apply",
          "(google.api.http).body": "*"
         },
         "comment": "Checks the whole, keeps it, puts it in force. INVALID_ARGUMENT: every problem with\nline and column; ABORTED: expected_version is not the one in force;\nFAILED_PRECONDITION: another one waits for its confirmation, or this appliance\ncan't do what is asked (the reason says what).",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/config:apply",
            "body": "*"
           }
          }
         ]
        },
        "Confirm": {
         "requestType": "ConfirmConfigRequest",
         "responseType": "ConfigVersion",
         "options": {
          "(google.api.http).post": "/v1/config:confirm",
          "(google.api.http).body": "*"
         },
         "comment": "Keeps a version that was applied with confirm_within_s. FAILED_PRECONDITION: none\nwaits; ABORTED: another one waits.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/config:confirm",
            "body": "*"
           }
          }
         ]
        },
        "History": {
         "requestType": "ConfigHistoryRequest",
         "responseType": "ConfigHistoryResponse",
         "options": {
          "(google.api.http).get": "/v1/config/history"
         },
         "comment": "The versions that are kept, newest first.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/config/history"
           }
          }
         ]
        },
        "Rollback": {
         "requestType": "RollbackConfigRequest",
         "responseType": "ConfigVersion",
         "options": {
          "(google.api.http).post": "/v1/config:rollback",
          "(google.api.http).body": "*"
         },
         "comment": "Applies an older version's content again, as a new version.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/config:rollback",
            "body": "*"
           }
          }
         ]
        }
       }
      },
      "ConfigVersion": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1,
         "comment": "counts from 1"
        },
        "toml": {
         "type": "string",
         "id": 2
        },
        "applied_at_ms": {
         "type": "int64",
         "id": 3
        },
        "applied_by": {
         "type": "string",
         "id": 4,
         "comment": "an identity, \"bootstrap\", or \"revert\""
        },
        "comment": {
         "type": "string",
         "id": 5
        },
        "confirm_by_ms": {
         "type": "int64",
         "id": 6,
         "comment": "When it will be undone unless confirmed; 0: it stays."
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 7,
         "comment": "without the private key"
        },
        "in_force": {
         "type": "bool",
         "id": 8
        },
        "warnings": {
         "rule": "repeated",
         "type": "string",
         "id": 9,
         "comment": "What a dry run or an Apply wants said and doesn't refuse."
        }
       }
      },
      "TlsMaterial": {
       "oneofs": {
        "_certificate_pem": {
         "oneof": [
          "certificate_pem"
         ]
        },
        "_private_key_pem": {
         "oneof": [
          "private_key_pem"
         ]
        },
        "_client_ca_pem": {
         "oneof": [
          "client_ca_pem"
         ]
        },
        "_crl_pem": {
         "oneof": [
          "crl_pem"
         ]
        }
       },
       "fields": {
        "certificate_pem": {
         "type": "string",
         "id": 1,
         "options": {
          "proto3_optional": true
         },
         "comment": "the server's, then what stands between it and its anchor"
        },
        "private_key_pem": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         },
         "comment": "never in an answer"
        },
        "client_ca_pem": {
         "type": "string",
         "id": 3,
         "options": {
          "proto3_optional": true
         },
         "comment": "anchors of the clients' certificates"
        },
        "crl_pem": {
         "type": "string",
         "id": 4,
         "options": {
          "proto3_optional": true
         },
         "comment": "revocation lists"
        }
       },
       "comment": "PEM, each part at most 64 KiB. An absent part stays as it is; an empty one is removed."
      },
      "GetConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1,
         "comment": "0: the one in force"
        }
       }
      },
      "ApplyConfigRequest": {
       "oneofs": {
        "_toml": {
         "oneof": [
          "toml"
         ]
        }
       },
       "fields": {
        "expected_version": {
         "type": "uint64",
         "id": 1,
         "comment": "The version that the change is based on; 0 is refused."
        },
        "toml": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         },
         "comment": "absent: stays as it is"
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 3
        },
        "confirm_within_s": {
         "type": "uint32",
         "id": 4,
         "comment": "0: at once for good; at most 3600"
        },
        "comment": {
         "type": "string",
         "id": 5,
         "comment": "at most 256 characters"
        },
        "dry_run": {
         "type": "bool",
         "id": 6,
         "comment": "checks and changes nothing"
        }
       }
      },
      "ConfirmConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        }
       }
      },
      "ConfigHistoryRequest": {
       "fields": {}
      },
      "ConfigHistoryResponse": {
       "fields": {
        "versions": {
         "rule": "repeated",
         "type": "ConfigVersion",
         "id": 1,
         "comment": "without toml"
        }
       }
      },
      "RollbackConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1,
         "comment": "the one whose content comes back"
        },
        "expected_version": {
         "type": "uint64",
         "id": 2
        },
        "confirm_within_s": {
         "type": "uint32",
         "id": 3
        }
       }
      },
      "Crypto": {
       "methods": {
        "Sign": {
         "requestType": "SignRequest",
         "responseType": "SignResponse",
         "options": {
          "(google.api.http).post": "/v1/keys/{key}:sign",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{key}:sign",
            "body": "*"
           }
          }
         ]
        },
        "SignBatch": {
         "requestType": "SignBatchRequest",
         "responseType": "SignBatchResponse",
         "options": {
          "(google.api.http).post": "/v1/crypto:signBatch",
          "(google.api.http).body": "*"
         },
         "comment": "Each item has a status of its own; one that fails doesn't fail the others.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/crypto:signBatch",
            "body": "*"
           }
          }
         ]
        },
        "SignStream": {
         "requestType": "SignStreamRequest",
         "requestStream": true,
         "responseType": "SignResponse",
         "comment": "Data of any length in, one signature out. Not for EDDSA_ED25519, which reads its data twice."
        },
        "Verify": {
         "requestType": "VerifyRequest",
         "responseType": "VerifyResponse",
         "options": {
          "(google.api.http).post": "/v1/keys/{key}:verify",
          "(google.api.http).body": "*"
         },
         "comment": "OK says that it was looked at; `valid` says what was found.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{key}:verify",
            "body": "*"
           }
          }
         ]
        },
        "Random": {
         "requestType": "RandomRequest",
         "responseType": "RandomResponse",
         "options": {
          "(google.api.http).get": "/v1/random"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/random"
           }
          }
         ]
        }
       },
       "comment": "PERMISSION_DENIED: the key's policy doesn't allow it; the reason in google.rpc.ErrorInfo\nnames the rule. KEY_NOT_ALLOWED: [access] or the policy's identities don't, or there is none. FAILED_PRECONDITION: the key's state doesn't.\nRESOURCE_EXHAUSTED: its rate, or the signer's queue; RetryInfo says when to come again.\nUNAVAILABLE: the signer is restarting."
      },
      "EcdsaEncoding": {
       "values": {
        "DER": 0,
        "RAW": 1
       },
       "comments": {
        "DER": "RFC 3279, 2.2.3",
        "RAW": "r||s, each as long as the curve's order (IEEE P1363)"
       }
      },
      "SignRequest": {
       "oneofs": {
        "input": {
         "oneof": [
          "data",
          "digest"
         ]
        }
       },
       "fields": {
        "key": {
         "type": "string",
         "id": 1,
         "comment": "Key.id"
        },
        "version": {
         "type": "uint32",
         "id": 2,
         "comment": "0: the newest; another one is FAILED_PRECONDITION"
        },
        "algorithm": {
         "type": "Algorithm",
         "id": 3
        },
        "data": {
         "type": "bytes",
         "id": 4,
         "comment": "at most 4,128,768 bytes"
        },
        "digest": {
         "type": "bytes",
         "id": 5,
         "comment": "of the algorithm's hash"
        },
        "encoding": {
         "type": "EcdsaEncoding",
         "id": 6
        },
        "timings": {
         "type": "bool",
         "id": 7
        }
       }
      },
      "SignResponse": {
       "fields": {
        "signature": {
         "type": "bytes",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2,
         "comment": "that signed"
        },
        "timings": {
         "type": "Timings",
         "id": 3,
         "comment": "when asked for"
        }
       }
      },
      "Timings": {
       "fields": {
        "queue_us": {
         "type": "uint32",
         "id": 1,
         "comment": "in the signer, before a worker took it"
        },
        "sign_us": {
         "type": "uint32",
         "id": 2
        },
        "total_us": {
         "type": "uint32",
         "id": 3,
         "comment": "in the agent, from the request to the answer"
        }
       },
       "comment": "Microseconds."
      },
      "SignBatchRequest": {
       "fields": {
        "items": {
         "rule": "repeated",
         "type": "SignRequest",
         "id": 1,
         "comment": "at most 256"
        }
       }
      },
      "SignBatchResponse": {
       "fields": {
        "items": {
         "rule": "repeated",
         "type": "SignBatchItem",
         "id": 1,
         "comment": "in the order of the request's"
        }
       }
      },
      "SignBatchItem": {
       "oneofs": {
        "outcome": {
         "oneof": [
          "signed",
          "refused"
         ]
        }
       },
       "fields": {
        "signed": {
         "type": "SignResponse",
         "id": 1
        },
        "refused": {
         "type": "ItemStatus",
         "id": 2
        }
       }
      },
      "ItemStatus": {
       "fields": {
        "code": {
         "type": "int32",
         "id": 1,
         "comment": "a gRPC status code"
        },
        "message": {
         "type": "string",
         "id": 2
        },
        "reason": {
         "type": "string",
         "id": 3,
         "comment": "as in google.rpc.ErrorInfo"
        },
        "retry_after_ms": {
         "type": "uint32",
         "id": 4,
         "comment": "0: not stated"
        }
       }
      },
      "SignStreamRequest": {
       "oneofs": {
        "part": {
         "oneof": [
          "start",
          "data"
         ]
        }
       },
       "fields": {
        "start": {
         "type": "SignRequest",
         "id": 1,
         "comment": "the first message, without input"
        },
        "data": {
         "type": "bytes",
         "id": 2,
         "comment": "the others; any number of them"
        }
       }
      },
      "VerifyRequest": {
       "oneofs": {
        "input": {
         "oneof": [
          "data",
          "digest"
         ]
        }
       },
       "fields": {
        "key": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2,
         "comment": "0: whichever of the key's versions it fits"
        },
        "algorithm": {
         "type": "Algorithm",
         "id": 3
        },
        "data": {
         "type": "bytes",
         "id": 4
        },
        "digest": {
         "type": "bytes",
         "id": 5
        },
        "encoding": {
         "type": "EcdsaEncoding",
         "id": 6
        },
        "signature": {
         "type": "bytes",
         "id": 7
        }
       }
      },
      "VerifyResponse": {
       "fields": {
        "valid": {
         "type": "bool",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2,
         "comment": "that it fits; 0: none"
        }
       }
      },
      "RandomRequest": {
       "fields": {
        "bytes": {
         "type": "uint32",
         "id": 1,
         "comment": "1 to 65,536"
        }
       }
      },
      "RandomResponse": {
       "fields": {
        "data": {
         "type": "bytes",
         "id": 1,
         "comment": "from the signer's generator (AWS-LC: CTR_DRBG of SP 800-90A, seeded by the kernel)"
        }
       }
      },
      "Keys": {
       "methods": {
        "Create": {
         "requestType": "CreateKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys",
          "(google.api.http).body": "*"
         },
         "comment": "ALREADY_EXISTS: the id is or was in use; RESOURCE_EXHAUSTED: the appliance is full.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys",
            "body": "*"
           }
          }
         ]
        },
        "Import": {
         "requestType": "ImportKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys:import",
          "(google.api.http).body": "*"
         },
         "comment": "INVALID_ARGUMENT: no key in PKCS#8, one of a kind that isn't offered, or a weak one.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys:import",
            "body": "*"
           }
          }
         ]
        },
        "List": {
         "requestType": "ListKeysRequest",
         "responseType": "ListKeysResponse",
         "options": {
          "(google.api.http).get": "/v1/keys"
         },
         "comment": "In the order of their ids. A page may have fewer keys than asked for, even none: the\nnext_page_token says whether it was the last. Tokens are good until the agent restarts.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys"
           }
          }
         ]
        },
        "Get": {
         "requestType": "GetKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).get": "/v1/keys/{id}"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys/{id}"
           }
          }
         ]
        },
        "GetPublicKey": {
         "requestType": "GetPublicKeyRequest",
         "responseType": "PublicKey",
         "options": {
          "(google.api.http).get": "/v1/keys/{id}/publicKey"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys/{id}/publicKey"
           }
          }
         ]
        },
        "Rotate": {
         "requestType": "RotateKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:rotate",
          "(google.api.http).body": "*"
         },
         "comment": "A new version, which signs from now on. Older ones verify and stay fetchable.\nFAILED_PRECONDITION: it isn't ENABLED, or has MAX_VERSIONS already.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:rotate",
            "body": "*"
           }
          }
         ]
        },
        "Enable": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:enable",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:enable",
            "body": "*"
           }
          }
         ]
        },
        "Disable": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:disable",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:disable",
            "body": "*"
           }
          }
         ]
        },
        "ScheduleDeletion": {
         "requestType": "ScheduleDeletionRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:scheduleDeletion",
          "(google.api.http).body": "*"
         },
         "comment": "From now on it signs nothing; when the time has come it is destroyed.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:scheduleDeletion",
            "body": "*"
           }
          }
         ]
        },
        "CancelDeletion": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:cancelDeletion",
          "(google.api.http).body": "*"
         },
         "comment": "Back to DISABLED.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:cancelDeletion",
            "body": "*"
           }
          }
         ]
        },
        "Destroy": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:destroy",
          "(google.api.http).body": "*"
         },
         "comment": "At once, for good. FAILED_PRECONDITION: it is ENABLED; disable it first.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:destroy",
            "body": "*"
           }
          }
         ]
        },
        "SetPolicy": {
         "requestType": "SetPolicyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).put": "/v1/keys/{id}/policy",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/keys/{id}/policy",
            "body": "*"
           }
          }
         ]
        },
        "SetLabels": {
         "requestType": "SetLabelsRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).put": "/v1/keys/{id}/labels",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/keys/{id}/labels",
            "body": "*"
           }
          }
         ]
        }
       },
       "comment": "Every change is on disk, twice, before it is answered. A change that is sent again\nwith the same request_id is answered as the first time and done once; with another\ncontent it is INVALID_ARGUMENT. A change whose expected_revision isn't the key's is\nABORTED. NOT_FOUND: no such key, or none that the caller may see."
      },
      "KeyKind": {
       "values": {
        "KEY_KIND_UNSPECIFIED": 0,
        "RSA_2048": 1,
        "RSA_3072": 2,
        "RSA_4096": 3,
        "EC_P256": 4,
        "EC_P384": 5,
        "EC_P521": 6,
        "ED25519": 7
       },
       "comments": {}
      },
      "Algorithm": {
       "values": {
        "ALGORITHM_UNSPECIFIED": 0,
        "RSA_PKCS1_SHA256": 1,
        "RSA_PSS_SHA256": 2,
        "ECDSA_P256_SHA256": 3,
        "ECDSA_P384_SHA256": 4,
        "ECDSA_P384_SHA384": 5,
        "RSA_PKCS1_SHA384": 6,
        "RSA_PKCS1_SHA512": 7,
        "RSA_PSS_SHA384": 8,
        "RSA_PSS_SHA512": 9,
        "ECDSA_P521_SHA512": 10,
        "EDDSA_ED25519": 11
       },
       "comment": "What is signed with which hash. PSS: MGF1 with the same hash, a salt as long as it.",
       "comments": {
        "RSA_PKCS1_SHA256": "RFC 8017, 8.2",
        "RSA_PSS_SHA256": "RFC 8017, 8.1",
        "ECDSA_P256_SHA256": "FIPS 186-5, 6",
        "EDDSA_ED25519": "RFC 8032, 5.1: pure, so it takes data and no digest"
       }
      },
      "KeyState": {
       "values": {
        "KEY_STATE_UNSPECIFIED": 0,
        "ENABLED": 1,
        "DISABLED": 2,
        "PENDING_DELETION": 3,
        "DESTROYED": 4
       },
       "comments": {
        "ENABLED": "signs, verifies",
        "DISABLED": "verifies",
        "PENDING_DELETION": "verifies, until delete_at_ms",
        "DESTROYED": "verifies: its private half is gone, its public half and its id stay"
       }
      },
      "Transport": {
       "values": {
        "TRANSPORT_UNSPECIFIED": 0,
        "TCP_TLS": 1,
        "TCP_PLAIN": 2,
        "VSOCK": 3,
        "UNIX": 4
       },
       "comments": {}
      },
      "Key": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1,
         "comment": "1 to 64 of a-z, 0-9, \".\", \"_\", \"-\"; begins with a letter or digit"
        },
        "kind": {
         "type": "KeyKind",
         "id": 2
        },
        "state": {
         "type": "KeyState",
         "id": 3
        },
        "revision": {
         "type": "uint64",
         "id": 4,
         "comment": "Counts the changes of this key, from 1."
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 5
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 6
        },
        "versions": {
         "rule": "repeated",
         "type": "KeyVersion",
         "id": 7,
         "comment": "oldest first"
        },
        "created_at_ms": {
         "type": "int64",
         "id": 8
        },
        "delete_at_ms": {
         "type": "int64",
         "id": 9,
         "comment": "0: not scheduled"
        },
        "imported": {
         "type": "bool",
         "id": 10,
         "comment": "its private half was once elsewhere"
        }
       }
      },
      "KeyVersion": {
       "fields": {
        "version": {
         "type": "uint32",
         "id": 1,
         "comment": "from 1; the highest one signs"
        },
        "public_key_der": {
         "type": "bytes",
         "id": 2,
         "comment": "SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); left out of List"
        },
        "created_at_ms": {
         "type": "int64",
         "id": 3
        }
       }
      },
      "KeyPolicy": {
       "fields": {
        "algorithms": {
         "rule": "repeated",
         "type": "Algorithm",
         "id": 1
        },
        "identities": {
         "rule": "repeated",
         "type": "string",
         "id": 2,
         "comment": "As Access.WhoAmI names them; exact. On top of what [access] of the configuration allows.\nWho is no operator is shown his own only."
        },
        "transports": {
         "rule": "repeated",
         "type": "Transport",
         "id": 3
        },
        "not_before_ms": {
         "type": "int64",
         "id": 4,
         "comment": "milliseconds since the Unix epoch; the first at which it signs"
        },
        "not_after_ms": {
         "type": "int64",
         "id": 5,
         "comment": "the last"
        },
        "signatures_per_second": {
         "type": "uint32",
         "id": 6,
         "comment": "over all callers; a second's worth may come at once"
        }
       },
       "comment": "What is left empty or 0 doesn't restrict."
      },
      "CreateKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1,
         "comment": "at most 64 characters; empty: not idempotent"
        },
        "id": {
         "type": "string",
         "id": 2,
         "comment": "empty: the appliance chooses"
        },
        "kind": {
         "type": "KeyKind",
         "id": 3
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 4
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 5,
         "comment": "at most 16; names as ids, values at most 128 bytes"
        }
       }
      },
      "ImportKeyRequest": {
       "oneofs": {
        "private_key": {
         "oneof": [
          "pkcs8_der",
          "sealed_pkcs8"
         ]
        }
       },
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "pkcs8_der": {
         "type": "bytes",
         "id": 3,
         "comment": "RFC 5208"
        },
        "sealed_pkcs8": {
         "type": "bytes",
         "id": 4,
         "comment": "the same, encrypted by age to Sealing.GetTransportKey's recipient"
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 5
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 6
        }
       }
      },
      "ListKeysRequest": {
       "fields": {
        "page_size": {
         "type": "uint32",
         "id": 1,
         "comment": "at most 1,000; 0: 100"
        },
        "page_token": {
         "type": "string",
         "id": 2,
         "comment": "the last page's next_page_token"
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 3,
         "comment": "all of these"
        },
        "states": {
         "rule": "repeated",
         "type": "KeyState",
         "id": 4,
         "comment": "any of these; none: all but DESTROYED"
        }
       }
      },
      "ListKeysResponse": {
       "fields": {
        "keys": {
         "rule": "repeated",
         "type": "Key",
         "id": 1
        },
        "next_page_token": {
         "type": "string",
         "id": 2,
         "comment": "empty: this was the last page"
        }
       }
      },
      "GetKeyRequest": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        }
       }
      },
      "PublicKeyFormat": {
       "values": {
        "SPKI_DER": 0,
        "SPKI_PEM": 1,
        "JWK": 2,
        "OPENSSH": 3
       },
       "comments": {
        "SPKI_DER": "RFC 5280, 4.1.2.7",
        "SPKI_PEM": "RFC 7468, 13",
        "JWK": "RFC 7517, with \"kid\" and \"alg\" where there is one",
        "OPENSSH": "RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4: one line"
       }
      },
      "GetPublicKeyRequest": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2,
         "comment": "0: the newest"
        },
        "format": {
         "type": "PublicKeyFormat",
         "id": 3
        }
       }
      },
      "PublicKey": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "kind": {
         "type": "KeyKind",
         "id": 3
        },
        "format": {
         "type": "PublicKeyFormat",
         "id": 4
        },
        "public_key": {
         "type": "bytes",
         "id": 5
        }
       }
      },
      "RotateKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3,
         "comment": "0: whatever it is"
        }
       }
      },
      "ChangeKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        }
       }
      },
      "ScheduleDeletionRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "after_s": {
         "type": "uint32",
         "id": 4,
         "comment": "1 hour to 90 days; 0: 7 days"
        }
       }
      },
      "SetPolicyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 4,
         "comment": "takes the place of the whole one"
        }
       }
      },
      "SetLabelsRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 4,
         "comment": "take the place of all"
        }
       }
      },
      "Diagnostics": {
       "methods": {
        "ProfileCpu": {
         "requestType": "ProfileCpuRequest",
         "responseType": "DiagnosticsChunk",
         "responseStream": true,
         "options": {
          "(google.api.http).post": "/v1/diagnostics:profileCpu",
          "(google.api.http).body": "*"
         },
         "comment": "Where the agent's time goes, as Chrome's DevTools open it (.cpuprofile, JSON); it comes at the end.\nEnding the call ends it. RESOURCE_EXHAUSTED: another look is under way.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/diagnostics:profileCpu",
            "body": "*"
           }
          }
         ]
        },
        "SnapshotHeap": {
         "requestType": "SnapshotHeapRequest",
         "responseType": "DiagnosticsChunk",
         "responseStream": true,
         "options": {
          "(google.api.http).post": "/v1/diagnostics:snapshotHeap",
          "(google.api.http).body": "*"
         },
         "comment": "What the agent's memory holds, as Chrome's DevTools open it (.heapsnapshot, JSON). The agent stands\nstill while V8 looks, some seconds. Private keys in PEM are blacked out; all else is as it is.\nFAILED_PRECONDITION: the memory is too large for it.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/diagnostics:snapshotHeap",
            "body": "*"
           }
          }
         ]
        },
        "GetLogLevels": {
         "requestType": "GetLogLevelsRequest",
         "responseType": "LogLevels",
         "options": {
          "(google.api.http).get": "/v1/diagnostics/logLevels"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/diagnostics/logLevels"
           }
          }
         ]
        },
        "SetLogLevel": {
         "requestType": "SetLogLevelRequest",
         "responseType": "LogLevels",
         "options": {
          "(google.api.http).post": "/v1/diagnostics:setLogLevel",
          "(google.api.http).body": "*"
         },
         "comment": "Until the agent's next start or the next configuration. NOT_FOUND: there is no such component.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/diagnostics:setLogLevel",
            "body": "*"
           }
          }
         ]
        }
       }
      },
      "ProfileCpuRequest": {
       "fields": {
        "seconds": {
         "type": "uint32",
         "id": 1,
         "comment": "1 to 300"
        }
       }
      },
      "SnapshotHeapRequest": {
       "fields": {}
      },
      "DiagnosticsChunk": {
       "fields": {
        "data": {
         "type": "bytes",
         "id": 1
        }
       },
       "comment": "All of them, one after the other, are the file."
      },
      "GetLogLevelsRequest": {
       "fields": {}
      },
      "SetLogLevelRequest": {
       "fields": {
        "component": {
         "type": "string",
         "id": 1,
         "comment": "empty: every one"
        },
        "level": {
         "type": "string",
         "id": 2,
         "comment": "\"debug\", \"info\", \"warn\", \"error\", \"off\"; empty: as configured"
        }
       }
      },
      "LogLevels": {
       "fields": {
        "configured": {
         "type": "string",
         "id": 1
        },
        "components": {
         "rule": "repeated",
         "type": "LogComponent",
         "id": 2,
         "comment": "by name"
        }
       }
      },
      "LogComponent": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "level": {
         "type": "string",
         "id": 2
        },
        "changed": {
         "type": "bool",
         "id": 3,
         "comment": "it isn't as configured"
        }
       }
      },
      "Status": {
       "methods": {
        "Get": {
         "requestType": "GetStatusRequest",
         "responseType": "GetStatusResponse",
         "options": {
          "(google.api.http).get": "/v1/status"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/status"
           }
          }
         ]
        },
        "GetMetrics": {
         "requestType": "GetMetricsRequest",
         "responseType": "GetMetricsResponse",
         "options": {
          "(google.api.http).get": "/v1/metrics"
         },
         "comment": "What is counted and measured, as Prometheus reads it; the gateway serves it as /metrics.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/metrics"
           }
          }
         ]
        }
       }
      },
      "Events": {
       "methods": {
        "Watch": {
         "requestType": "WatchEventsRequest",
         "responseType": "Event",
         "responseStream": true,
         "options": {
          "(google.api.http).get": "/v1/events:watch"
         },
         "comment": "What happens from now on, or after a sequence number, until the caller ends it.\nOUT_OF_RANGE: what came after that number is kept no longer.",
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/events:watch"
           }
          }
         ]
        }
       }
      },
      "GetStatusRequest": {
       "fields": {}
      },
      "GetStatusResponse": {
       "fields": {
        "version": {
         "type": "string",
         "id": 1
        },
        "instance_id": {
         "type": "string",
         "id": 2
        },
        "started_at_ms": {
         "type": "int64",
         "id": 3
        },
        "uptime_ms": {
         "type": "int64",
         "id": 4
        },
        "clock": {
         "type": "Clock",
         "id": 5
        },
        "config_version": {
         "type": "uint64",
         "id": 6
        },
        "confirm_by_ms": {
         "type": "int64",
         "id": 7,
         "comment": "0: nothing waits for a confirmation"
        },
        "transports": {
         "rule": "repeated",
         "type": "TransportStatus",
         "id": 8
        },
        "certificates": {
         "rule": "repeated",
         "type": "Certificate",
         "id": 9
        },
        "units": {
         "rule": "repeated",
         "type": "Unit",
         "id": 10
        },
        "last_event": {
         "type": "uint64",
         "id": 11,
         "comment": "the newest event's number; 0: there is none yet"
        }
       }
      },
      "GetMetricsRequest": {
       "fields": {
        "format": {
         "type": "Format",
         "id": 1
        }
       },
       "nested": {
        "Format": {
         "values": {
          "PROMETHEUS": 0,
          "OPENMETRICS": 1
         },
         "comments": {
          "PROMETHEUS": "text, version 0.0.4",
          "OPENMETRICS": "text, version 1.0.0"
         }
        }
       }
      },
      "GetMetricsResponse": {
       "fields": {
        "content_type": {
         "type": "string",
         "id": 1
        },
        "text": {
         "type": "bytes",
         "id": 2,
         "comment": "UTF-8"
        }
       }
      },
      "Clock": {
       "fields": {
        "now_ms": {
         "type": "int64",
         "id": 1
        },
        "known": {
         "type": "bool",
         "id": 2
        },
        "reason": {
         "type": "string",
         "id": 3,
         "comment": "why it is not known, or by what it is"
        }
       }
      },
      "TransportStatus": {
       "fields": {
        "address": {
         "type": "string",
         "id": 1,
         "comment": "\"vsock://any:50051\", \"tls://0.0.0.0:50051\""
        },
        "protection": {
         "type": "string",
         "id": 2,
         "comment": "\"mutual TLS\", \"plain\", \"local\"; with \", HTTP\" behind it for the gateway's"
        },
        "connections": {
         "type": "uint32",
         "id": 3
        }
       }
      },
      "Certificate": {
       "fields": {
        "use": {
         "type": "Use",
         "id": 1
        },
        "state": {
         "type": "State",
         "id": 2
        },
        "subject": {
         "type": "string",
         "id": 3
        },
        "names": {
         "rule": "repeated",
         "type": "string",
         "id": 4,
         "comment": "SANs, \"dns:…\""
        },
        "not_before_ms": {
         "type": "int64",
         "id": 5
        },
        "not_after_ms": {
         "type": "int64",
         "id": 6
        },
        "sha256": {
         "type": "bytes",
         "id": 7,
         "comment": "of the DER"
        }
       },
       "nested": {
        "Use": {
         "values": {
          "USE_UNSPECIFIED": 0,
          "SERVER": 1,
          "CLIENT_CA": 2
         },
         "comments": {}
        },
        "State": {
         "values": {
          "STATE_UNSPECIFIED": 0,
          "VALID": 1,
          "NEAR_EXPIRY": 2,
          "EXPIRED": 3,
          "NOT_YET_VALID": 4
         },
         "comments": {}
        }
       }
      },
      "Unit": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1,
         "comment": "\"agent\", \"signer\", \"edge\""
        },
        "healthy": {
         "type": "bool",
         "id": 2
        },
        "detail": {
         "type": "string",
         "id": 3
        }
       }
      },
      "WatchEventsRequest": {
       "fields": {
        "after_sequence": {
         "type": "uint64",
         "id": 1,
         "comment": "Begins after this number; 0: with what happens from now on. The kept ones: after 0 with include_kept."
        },
        "include_kept": {
         "type": "bool",
         "id": 2
        }
       }
      },
      "Event": {
       "fields": {
        "sequence": {
         "type": "uint64",
         "id": 1,
         "comment": "counts from 1 since the agent's start"
        },
        "at_ms": {
         "type": "int64",
         "id": 2
        },
        "kind": {
         "type": "Kind",
         "id": 3
        },
        "message": {
         "type": "string",
         "id": 4
        },
        "fields": {
         "keyType": "string",
         "type": "string",
         "id": 5
        }
       },
       "nested": {
        "Kind": {
         "values": {
          "KIND_UNSPECIFIED": 0,
          "STARTED": 1,
          "STOPPING": 2,
          "CONFIG_APPLIED": 3,
          "CONFIG_CONFIRMED": 4,
          "CONFIG_REVERTED": 5,
          "CERTIFICATE_NEAR_EXPIRY": 6,
          "CERTIFICATE_EXPIRED": 7,
          "DENIED": 8,
          "SIGNER_LOST": 9,
          "SIGNER_BACK": 10,
          "EDGE_LOST": 11,
          "EDGE_BACK": 12,
          "ADMIN_ADDED": 13,
          "ADMIN_REMOVED": 14,
          "CLOCK_UNKNOWN": 15,
          "CLOCK_KNOWN": 16,
          "KEY_CREATED": 17,
          "KEY_ROTATED": 18,
          "KEY_STATE_CHANGED": 19,
          "KEY_DESTROYED": 20,
          "KEY_POLICY_CHANGED": 21,
          "BACKUP_CREATED": 22,
          "KEYS_RESTORED": 23,
          "RECOVERY_RECIPIENT_SET": 24,
          "SEALING_KEY_CHANGED": 25
         },
         "comments": {
          "KEY_CREATED": "or imported"
         }
        }
       }
      }
     }
    }
   }
  }
 }
};

export const INTERNAL_DESCRIPTORS = {
 "nested": {
  "gatehouse": {
   "nested": {
    "signer": {
     "nested": {
      "v1": {
       "nested": {
        "SignerService": {
         "methods": {
          "Sign": {
           "requestType": "SignBatchRequest",
           "requestStream": true,
           "responseType": "SignBatchResponse",
           "responseStream": true
          },
          "SignStream": {
           "requestType": "SignStreamRequest",
           "requestStream": true,
           "responseType": "SignResult"
          },
          "Verify": {
           "requestType": "VerifyRequest",
           "responseType": "gatehouse.v1.VerifyResponse"
          },
          "Random": {
           "requestType": "gatehouse.v1.RandomRequest",
           "responseType": "gatehouse.v1.RandomResponse"
          },
          "CreateKey": {
           "requestType": "gatehouse.v1.CreateKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "ImportKey": {
           "requestType": "gatehouse.v1.ImportKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "ListKeys": {
           "requestType": "ListKeysRequest",
           "responseType": "gatehouse.v1.ListKeysResponse"
          },
          "GetKey": {
           "requestType": "gatehouse.v1.GetKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "RotateKey": {
           "requestType": "gatehouse.v1.RotateKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "EnableKey": {
           "requestType": "gatehouse.v1.ChangeKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "DisableKey": {
           "requestType": "gatehouse.v1.ChangeKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "ScheduleKeyDeletion": {
           "requestType": "gatehouse.v1.ScheduleDeletionRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "CancelKeyDeletion": {
           "requestType": "gatehouse.v1.ChangeKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "DestroyKey": {
           "requestType": "gatehouse.v1.ChangeKeyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "SetKeyPolicy": {
           "requestType": "gatehouse.v1.SetPolicyRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "SetKeyLabels": {
           "requestType": "gatehouse.v1.SetLabelsRequest",
           "responseType": "gatehouse.v1.Key"
          },
          "GetRecipient": {
           "requestType": "gatehouse.v1.GetRecipientRequest",
           "responseType": "gatehouse.v1.RecoveryRecipient"
          },
          "SetRecipient": {
           "requestType": "gatehouse.v1.SetRecipientRequest",
           "responseType": "gatehouse.v1.RecoveryRecipient"
          },
          "CreateBackup": {
           "requestType": "gatehouse.v1.CreateBackupRequest",
           "responseType": "gatehouse.v1.BackupChunk",
           "responseStream": true
          },
          "Restore": {
           "requestType": "gatehouse.v1.RestoreRequest",
           "requestStream": true,
           "responseType": "gatehouse.v1.RestoreResponse"
          },
          "GetTransportKey": {
           "requestType": "gatehouse.v1.GetTransportKeyRequest",
           "responseType": "gatehouse.v1.TransportKey"
          },
          "ChangeSealingKey": {
           "requestType": "gatehouse.v1.ChangeSealingKeyRequest",
           "responseType": "gatehouse.v1.SealingStatus"
          },
          "GetSealingStatus": {
           "requestType": "gatehouse.v1.GetSealingStatusRequest",
           "responseType": "gatehouse.v1.SealingStatus"
          }
         }
        },
        "Caller": {
         "fields": {
          "identity": {
           "type": "string",
           "id": 1
          },
          "transport": {
           "type": "gatehouse.v1.Transport",
           "id": 2
          }
         }
        },
        "ListKeysRequest": {
         "fields": {
          "list": {
           "type": "gatehouse.v1.ListKeysRequest",
           "id": 1
          },
          "ids": {
           "rule": "repeated",
           "type": "string",
           "id": 2
          },
          "seen_by": {
           "type": "string",
           "id": 3
          }
         }
        },
        "SignBatchRequest": {
         "fields": {
          "items": {
           "rule": "repeated",
           "type": "SignItem",
           "id": 1
          },
          "callers": {
           "rule": "repeated",
           "type": "Caller",
           "id": 2
          },
          "clock_known": {
           "type": "bool",
           "id": 3
          }
         }
        },
        "SignItem": {
         "oneofs": {
          "input": {
           "oneof": [
            "data",
            "digest"
           ]
          }
         },
         "fields": {
          "id": {
           "type": "uint32",
           "id": 1
          },
          "key": {
           "type": "string",
           "id": 2
          },
          "algorithm": {
           "type": "gatehouse.v1.Algorithm",
           "id": 3
          },
          "data": {
           "type": "bytes",
           "id": 4
          },
          "digest": {
           "type": "bytes",
           "id": 5
          },
          "version": {
           "type": "uint32",
           "id": 6
          },
          "caller": {
           "type": "uint32",
           "id": 7
          },
          "encoding": {
           "type": "gatehouse.v1.EcdsaEncoding",
           "id": 8
          },
          "timeout_ms": {
           "type": "uint32",
           "id": 9
          }
         }
        },
        "SignBatchResponse": {
         "fields": {
          "results": {
           "rule": "repeated",
           "type": "SignResult",
           "id": 1
          }
         }
        },
        "SignResult": {
         "oneofs": {
          "outcome": {
           "oneof": [
            "signature",
            "failure"
           ]
          }
         },
         "fields": {
          "id": {
           "type": "uint32",
           "id": 1
          },
          "signature": {
           "type": "bytes",
           "id": 2
          },
          "failure": {
           "type": "gatehouse.v1.ItemStatus",
           "id": 3
          },
          "version": {
           "type": "uint32",
           "id": 4
          },
          "queue_us": {
           "type": "uint32",
           "id": 5
          },
          "sign_us": {
           "type": "uint32",
           "id": 6
          }
         }
        },
        "SignStreamRequest": {
         "oneofs": {
          "part": {
           "oneof": [
            "start",
            "data"
           ]
          }
         },
         "fields": {
          "start": {
           "type": "SignStreamStart",
           "id": 1
          },
          "data": {
           "type": "bytes",
           "id": 2
          }
         }
        },
        "SignStreamStart": {
         "fields": {
          "item": {
           "type": "SignItem",
           "id": 1
          },
          "caller": {
           "type": "Caller",
           "id": 2
          },
          "clock_known": {
           "type": "bool",
           "id": 3
          }
         }
        },
        "VerifyRequest": {
         "fields": {
          "verify": {
           "type": "gatehouse.v1.VerifyRequest",
           "id": 1
          },
          "caller": {
           "type": "Caller",
           "id": 2
          }
         }
        }
       }
      }
     }
    },
    "v1": {
     "nested": {
      "Backup": {
       "methods": {
        "GetRecipient": {
         "requestType": "GetRecipientRequest",
         "responseType": "RecoveryRecipient",
         "options": {
          "(google.api.http).get": "/v1/backup/recipient"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/backup/recipient"
           }
          }
         ]
        },
        "SetRecipient": {
         "requestType": "SetRecipientRequest",
         "responseType": "RecoveryRecipient",
         "options": {
          "(google.api.http).put": "/v1/backup/recipient",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/backup/recipient",
            "body": "*"
           }
          }
         ]
        },
        "Create": {
         "requestType": "CreateBackupRequest",
         "responseType": "BackupChunk",
         "responseStream": true,
         "options": {
          "(google.api.http).post": "/v1/backup:create",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/backup:create",
            "body": "*"
           }
          }
         ]
        },
        "Restore": {
         "requestType": "RestoreRequest",
         "requestStream": true,
         "responseType": "RestoreResponse"
        }
       }
      },
      "Sealing": {
       "methods": {
        "GetTransportKey": {
         "requestType": "GetTransportKeyRequest",
         "responseType": "TransportKey",
         "options": {
          "(google.api.http).get": "/v1/sealing/transportKey"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/sealing/transportKey"
           }
          }
         ]
        },
        "Change": {
         "requestType": "ChangeSealingKeyRequest",
         "responseType": "SealingStatus",
         "options": {
          "(google.api.http).post": "/v1/sealing:change",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/sealing:change",
            "body": "*"
           }
          }
         ]
        },
        "GetStatus": {
         "requestType": "GetSealingStatusRequest",
         "responseType": "SealingStatus",
         "options": {
          "(google.api.http).get": "/v1/sealing"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/sealing"
           }
          }
         ]
        }
       }
      },
      "GetRecipientRequest": {
       "fields": {}
      },
      "SetRecipientRequest": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1
        }
       }
      },
      "RecoveryRecipient": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1
        },
        "set_at_ms": {
         "type": "int64",
         "id": 2
        }
       }
      },
      "CreateBackupRequest": {
       "fields": {
        "ids": {
         "rule": "repeated",
         "type": "string",
         "id": 1
        }
       }
      },
      "BackupChunk": {
       "fields": {
        "data": {
         "type": "bytes",
         "id": 1
        },
        "left_out": {
         "rule": "repeated",
         "type": "string",
         "id": 2
        }
       }
      },
      "RestoreRequest": {
       "oneofs": {
        "part": {
         "oneof": [
          "start",
          "data"
         ]
        }
       },
       "fields": {
        "start": {
         "type": "RestoreStart",
         "id": 1
        },
        "data": {
         "type": "bytes",
         "id": 2
        }
       }
      },
      "RestoreStart": {
       "fields": {
        "sealed_identity": {
         "type": "bytes",
         "id": 1
        },
        "sha256": {
         "type": "bytes",
         "id": 2
        },
        "bytes": {
         "type": "uint64",
         "id": 3
        },
        "ids": {
         "rule": "repeated",
         "type": "string",
         "id": 4
        },
        "skip_existing": {
         "type": "bool",
         "id": 5
        },
        "dry_run": {
         "type": "bool",
         "id": 6
        },
        "replace_well_known": {
         "type": "bool",
         "id": 7
        }
       }
      },
      "RestoreResponse": {
       "fields": {
        "restored": {
         "rule": "repeated",
         "type": "string",
         "id": 1
        },
        "skipped": {
         "rule": "repeated",
         "type": "string",
         "id": 2
        },
        "restored_count": {
         "type": "uint64",
         "id": 3
        },
        "skipped_count": {
         "type": "uint64",
         "id": 4
        }
       }
      },
      "GetTransportKeyRequest": {
       "fields": {}
      },
      "TransportKey": {
       "fields": {
        "recipient": {
         "type": "string",
         "id": 1
        }
       }
      },
      "ChangeSealingKeyRequest": {
       "fields": {
        "sealed_key": {
         "type": "bytes",
         "id": 1
        }
       }
      },
      "GetSealingStatusRequest": {
       "fields": {}
      },
      "SealingStatus": {
       "fields": {
        "generation": {
         "type": "uint64",
         "id": 1
        },
        "rows_left": {
         "type": "uint32",
         "id": 2
        }
       }
      },
      "Crypto": {
       "methods": {
        "Sign": {
         "requestType": "SignRequest",
         "responseType": "SignResponse",
         "options": {
          "(google.api.http).post": "/v1/keys/{key}:sign",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{key}:sign",
            "body": "*"
           }
          }
         ]
        },
        "SignBatch": {
         "requestType": "SignBatchRequest",
         "responseType": "SignBatchResponse",
         "options": {
          "(google.api.http).post": "/v1/crypto:signBatch",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/crypto:signBatch",
            "body": "*"
           }
          }
         ]
        },
        "SignStream": {
         "requestType": "SignStreamRequest",
         "requestStream": true,
         "responseType": "SignResponse"
        },
        "Verify": {
         "requestType": "VerifyRequest",
         "responseType": "VerifyResponse",
         "options": {
          "(google.api.http).post": "/v1/keys/{key}:verify",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{key}:verify",
            "body": "*"
           }
          }
         ]
        },
        "Random": {
         "requestType": "RandomRequest",
         "responseType": "RandomResponse",
         "options": {
          "(google.api.http).get": "/v1/random"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/random"
           }
          }
         ]
        }
       }
      },
      "EcdsaEncoding": {
       "values": {
        "DER": 0,
        "RAW": 1
       }
      },
      "SignRequest": {
       "oneofs": {
        "input": {
         "oneof": [
          "data",
          "digest"
         ]
        }
       },
       "fields": {
        "key": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "algorithm": {
         "type": "Algorithm",
         "id": 3
        },
        "data": {
         "type": "bytes",
         "id": 4
        },
        "digest": {
         "type": "bytes",
         "id": 5
        },
        "encoding": {
         "type": "EcdsaEncoding",
         "id": 6
        },
        "timings": {
         "type": "bool",
         "id": 7
        }
       }
      },
      "SignResponse": {
       "fields": {
        "signature": {
         "type": "bytes",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "timings": {
         "type": "Timings",
         "id": 3
        }
       }
      },
      "Timings": {
       "fields": {
        "queue_us": {
         "type": "uint32",
         "id": 1
        },
        "sign_us": {
         "type": "uint32",
         "id": 2
        },
        "total_us": {
         "type": "uint32",
         "id": 3
        }
       }
      },
      "SignBatchRequest": {
       "fields": {
        "items": {
         "rule": "repeated",
         "type": "SignRequest",
         "id": 1
        }
       }
      },
      "SignBatchResponse": {
       "fields": {
        "items": {
         "rule": "repeated",
         "type": "SignBatchItem",
         "id": 1
        }
       }
      },
      "SignBatchItem": {
       "oneofs": {
        "outcome": {
         "oneof": [
          "signed",
          "refused"
         ]
        }
       },
       "fields": {
        "signed": {
         "type": "SignResponse",
         "id": 1
        },
        "refused": {
         "type": "ItemStatus",
         "id": 2
        }
       }
      },
      "ItemStatus": {
       "fields": {
        "code": {
         "type": "int32",
         "id": 1
        },
        "message": {
         "type": "string",
         "id": 2
        },
        "reason": {
         "type": "string",
         "id": 3
        },
        "retry_after_ms": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "SignStreamRequest": {
       "oneofs": {
        "part": {
         "oneof": [
          "start",
          "data"
         ]
        }
       },
       "fields": {
        "start": {
         "type": "SignRequest",
         "id": 1
        },
        "data": {
         "type": "bytes",
         "id": 2
        }
       }
      },
      "VerifyRequest": {
       "oneofs": {
        "input": {
         "oneof": [
          "data",
          "digest"
         ]
        }
       },
       "fields": {
        "key": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "algorithm": {
         "type": "Algorithm",
         "id": 3
        },
        "data": {
         "type": "bytes",
         "id": 4
        },
        "digest": {
         "type": "bytes",
         "id": 5
        },
        "encoding": {
         "type": "EcdsaEncoding",
         "id": 6
        },
        "signature": {
         "type": "bytes",
         "id": 7
        }
       }
      },
      "VerifyResponse": {
       "fields": {
        "valid": {
         "type": "bool",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        }
       }
      },
      "RandomRequest": {
       "fields": {
        "bytes": {
         "type": "uint32",
         "id": 1
        }
       }
      },
      "RandomResponse": {
       "fields": {
        "data": {
         "type": "bytes",
         "id": 1
        }
       }
      },
      "Keys": {
       "methods": {
        "Create": {
         "requestType": "CreateKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys",
            "body": "*"
           }
          }
         ]
        },
        "Import": {
         "requestType": "ImportKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys:import",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys:import",
            "body": "*"
           }
          }
         ]
        },
        "List": {
         "requestType": "ListKeysRequest",
         "responseType": "ListKeysResponse",
         "options": {
          "(google.api.http).get": "/v1/keys"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys"
           }
          }
         ]
        },
        "Get": {
         "requestType": "GetKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).get": "/v1/keys/{id}"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys/{id}"
           }
          }
         ]
        },
        "GetPublicKey": {
         "requestType": "GetPublicKeyRequest",
         "responseType": "PublicKey",
         "options": {
          "(google.api.http).get": "/v1/keys/{id}/publicKey"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "get": "/v1/keys/{id}/publicKey"
           }
          }
         ]
        },
        "Rotate": {
         "requestType": "RotateKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:rotate",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:rotate",
            "body": "*"
           }
          }
         ]
        },
        "Enable": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:enable",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:enable",
            "body": "*"
           }
          }
         ]
        },
        "Disable": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:disable",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:disable",
            "body": "*"
           }
          }
         ]
        },
        "ScheduleDeletion": {
         "requestType": "ScheduleDeletionRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:scheduleDeletion",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:scheduleDeletion",
            "body": "*"
           }
          }
         ]
        },
        "CancelDeletion": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:cancelDeletion",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:cancelDeletion",
            "body": "*"
           }
          }
         ]
        },
        "Destroy": {
         "requestType": "ChangeKeyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).post": "/v1/keys/{id}:destroy",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "post": "/v1/keys/{id}:destroy",
            "body": "*"
           }
          }
         ]
        },
        "SetPolicy": {
         "requestType": "SetPolicyRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).put": "/v1/keys/{id}/policy",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/keys/{id}/policy",
            "body": "*"
           }
          }
         ]
        },
        "SetLabels": {
         "requestType": "SetLabelsRequest",
         "responseType": "Key",
         "options": {
          "(google.api.http).put": "/v1/keys/{id}/labels",
          "(google.api.http).body": "*"
         },
         "parsedOptions": [
          {
           "(google.api.http)": {
            "put": "/v1/keys/{id}/labels",
            "body": "*"
           }
          }
         ]
        }
       }
      },
      "KeyKind": {
       "values": {
        "KEY_KIND_UNSPECIFIED": 0,
        "RSA_2048": 1,
        "RSA_3072": 2,
        "RSA_4096": 3,
        "EC_P256": 4,
        "EC_P384": 5,
        "EC_P521": 6,
        "ED25519": 7
       }
      },
      "Algorithm": {
       "values": {
        "ALGORITHM_UNSPECIFIED": 0,
        "RSA_PKCS1_SHA256": 1,
        "RSA_PSS_SHA256": 2,
        "ECDSA_P256_SHA256": 3,
        "ECDSA_P384_SHA256": 4,
        "ECDSA_P384_SHA384": 5,
        "RSA_PKCS1_SHA384": 6,
        "RSA_PKCS1_SHA512": 7,
        "RSA_PSS_SHA384": 8,
        "RSA_PSS_SHA512": 9,
        "ECDSA_P521_SHA512": 10,
        "EDDSA_ED25519": 11
       }
      },
      "KeyState": {
       "values": {
        "KEY_STATE_UNSPECIFIED": 0,
        "ENABLED": 1,
        "DISABLED": 2,
        "PENDING_DELETION": 3,
        "DESTROYED": 4
       }
      },
      "Transport": {
       "values": {
        "TRANSPORT_UNSPECIFIED": 0,
        "TCP_TLS": 1,
        "TCP_PLAIN": 2,
        "VSOCK": 3,
        "UNIX": 4
       }
      },
      "Key": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        },
        "kind": {
         "type": "KeyKind",
         "id": 2
        },
        "state": {
         "type": "KeyState",
         "id": 3
        },
        "revision": {
         "type": "uint64",
         "id": 4
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 5
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 6
        },
        "versions": {
         "rule": "repeated",
         "type": "KeyVersion",
         "id": 7
        },
        "created_at_ms": {
         "type": "int64",
         "id": 8
        },
        "delete_at_ms": {
         "type": "int64",
         "id": 9
        },
        "imported": {
         "type": "bool",
         "id": 10
        }
       }
      },
      "KeyVersion": {
       "fields": {
        "version": {
         "type": "uint32",
         "id": 1
        },
        "public_key_der": {
         "type": "bytes",
         "id": 2
        },
        "created_at_ms": {
         "type": "int64",
         "id": 3
        }
       }
      },
      "KeyPolicy": {
       "fields": {
        "algorithms": {
         "rule": "repeated",
         "type": "Algorithm",
         "id": 1
        },
        "identities": {
         "rule": "repeated",
         "type": "string",
         "id": 2
        },
        "transports": {
         "rule": "repeated",
         "type": "Transport",
         "id": 3
        },
        "not_before_ms": {
         "type": "int64",
         "id": 4
        },
        "not_after_ms": {
         "type": "int64",
         "id": 5
        },
        "signatures_per_second": {
         "type": "uint32",
         "id": 6
        }
       }
      },
      "CreateKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "kind": {
         "type": "KeyKind",
         "id": 3
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 4
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 5
        }
       }
      },
      "ImportKeyRequest": {
       "oneofs": {
        "private_key": {
         "oneof": [
          "pkcs8_der",
          "sealed_pkcs8"
         ]
        }
       },
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "pkcs8_der": {
         "type": "bytes",
         "id": 3
        },
        "sealed_pkcs8": {
         "type": "bytes",
         "id": 4
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 5
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 6
        }
       }
      },
      "ListKeysRequest": {
       "fields": {
        "page_size": {
         "type": "uint32",
         "id": 1
        },
        "page_token": {
         "type": "string",
         "id": 2
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 3
        },
        "states": {
         "rule": "repeated",
         "type": "KeyState",
         "id": 4
        }
       }
      },
      "ListKeysResponse": {
       "fields": {
        "keys": {
         "rule": "repeated",
         "type": "Key",
         "id": 1
        },
        "next_page_token": {
         "type": "string",
         "id": 2
        }
       }
      },
      "GetKeyRequest": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        }
       }
      },
      "PublicKeyFormat": {
       "values": {
        "SPKI_DER": 0,
        "SPKI_PEM": 1,
        "JWK": 2,
        "OPENSSH": 3
       }
      },
      "GetPublicKeyRequest": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "format": {
         "type": "PublicKeyFormat",
         "id": 3
        }
       }
      },
      "PublicKey": {
       "fields": {
        "id": {
         "type": "string",
         "id": 1
        },
        "version": {
         "type": "uint32",
         "id": 2
        },
        "kind": {
         "type": "KeyKind",
         "id": 3
        },
        "format": {
         "type": "PublicKeyFormat",
         "id": 4
        },
        "public_key": {
         "type": "bytes",
         "id": 5
        }
       }
      },
      "RotateKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        }
       }
      },
      "ChangeKeyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        }
       }
      },
      "ScheduleDeletionRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "after_s": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "SetPolicyRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "policy": {
         "type": "KeyPolicy",
         "id": 4
        }
       }
      },
      "SetLabelsRequest": {
       "fields": {
        "request_id": {
         "type": "string",
         "id": 1
        },
        "id": {
         "type": "string",
         "id": 2
        },
        "expected_revision": {
         "type": "uint64",
         "id": 3
        },
        "labels": {
         "keyType": "string",
         "type": "string",
         "id": 4
        }
       }
      }
     }
    }
   }
  },
  "google": {
   "nested": {
    "protobuf": {
     "nested": {
      "Any": {
       "fields": {
        "type_url": {
         "type": "string",
         "id": 1
        },
        "value": {
         "type": "bytes",
         "id": 2
        }
       }
      },
      "Duration": {
       "fields": {
        "seconds": {
         "type": "int64",
         "id": 1
        },
        "nanos": {
         "type": "int32",
         "id": 2
        }
       }
      }
     }
    },
    "rpc": {
     "nested": {
      "Status": {
       "fields": {
        "code": {
         "type": "int32",
         "id": 1
        },
        "message": {
         "type": "string",
         "id": 2
        },
        "details": {
         "rule": "repeated",
         "type": "google.protobuf.Any",
         "id": 3
        }
       }
      },
      "BadRequest": {
       "fields": {
        "field_violations": {
         "rule": "repeated",
         "type": "FieldViolation",
         "id": 1
        }
       },
       "nested": {
        "FieldViolation": {
         "fields": {
          "field": {
           "type": "string",
           "id": 1
          },
          "description": {
           "type": "string",
           "id": 2
          },
          "reason": {
           "type": "string",
           "id": 3
          }
         }
        }
       }
      },
      "ErrorInfo": {
       "fields": {
        "reason": {
         "type": "string",
         "id": 1
        },
        "domain": {
         "type": "string",
         "id": 2
        },
        "metadata": {
         "keyType": "string",
         "type": "string",
         "id": 3
        }
       }
      },
      "RetryInfo": {
       "fields": {
        "retry_delay": {
         "type": "google.protobuf.Duration",
         "id": 1
        }
       }
      }
     }
    }
   }
  }
 }
};
