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
       "responseType": "EchoResponse"
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
       "id": 2
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
       "id": 2
      },
      "response_timestamp": {
       "type": "int64",
       "id": 3
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
       "responseType": "SignResponse"
      },
      "GetPublicKey": {
       "requestType": "PublicKeyRequest",
       "responseType": "PublicKeyResponse"
      }
     }
    },
    "KeyType": {
     "values": {
      "RSA": 0,
      "ECC": 1
     }
    },
    "SigningAlgorithm": {
     "values": {
      "RSA_PKCS1_SHA256": 0,
      "RSA_PSS_SHA256": 1,
      "ECDSA_P256_SHA256": 2,
      "ECDSA_P384_SHA256": 3,
      "ECDSA_P384_SHA384": 16
     }
    },
    "SignRequest": {
     "fields": {
      "data": {
       "type": "bytes",
       "id": 1
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
       "id": 4
      }
     }
    },
    "SignResponse": {
     "fields": {
      "signature": {
       "type": "bytes",
       "id": 1
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
       "id": 5
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
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 16,
       "options": {
        "proto3_optional": true
       }
      }
     }
    },
    "PublicKeyResponse": {
     "fields": {
      "public_key_der": {
       "type": "bytes",
       "id": 1
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
       "id": 4
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
         "parsedOptions": [
          {
           "(google.api.http)": {
            "delete": "/v1/admins/{name}"
           }
          }
         ]
        }
       }
      },
      "Role": {
       "values": {
        "ROLE_UNSPECIFIED": 0,
        "USER": 1,
        "OPERATOR": 2,
        "ADMIN": 3
       }
      },
      "ChallengeRequest": {
       "fields": {}
      },
      "ChallengeResponse": {
       "fields": {
        "nonce": {
         "type": "bytes",
         "id": 1
        },
        "instance_id": {
         "type": "string",
         "id": 2
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
         "id": 1
        },
        "nonce": {
         "type": "bytes",
         "id": 2
        },
        "signature": {
         "type": "bytes",
         "id": 3
        }
       }
      },
      "WhoAmIRequest": {
       "fields": {}
      },
      "WhoAmIResponse": {
       "fields": {
        "identity": {
         "type": "string",
         "id": 1
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "transport": {
         "type": "string",
         "id": 3
        },
        "keys": {
         "rule": "repeated",
         "type": "string",
         "id": 4
        }
       }
      },
      "Admin": {
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
         "id": 6
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
      "Config": {
       "methods": {
        "Get": {
         "requestType": "GetConfigRequest",
         "responseType": "ConfigVersion",
         "options": {
          "(google.api.http).get": "/v1/config"
         },
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
         "id": 1
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
         "id": 4
        },
        "comment": {
         "type": "string",
         "id": 5
        },
        "confirm_by_ms": {
         "type": "int64",
         "id": 6
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 7
        },
        "in_force": {
         "type": "bool",
         "id": 8
        },
        "warnings": {
         "rule": "repeated",
         "type": "string",
         "id": 9
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
         }
        },
        "private_key_pem": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         }
        },
        "client_ca_pem": {
         "type": "string",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        },
        "crl_pem": {
         "type": "string",
         "id": 4,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "GetConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
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
         "id": 1
        },
        "toml": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         }
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 3
        },
        "confirm_within_s": {
         "type": "uint32",
         "id": 4
        },
        "comment": {
         "type": "string",
         "id": 5
        },
        "dry_run": {
         "type": "bool",
         "id": 6
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
         "id": 1
        }
       }
      },
      "RollbackConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
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
         "id": 7
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
         "id": 11
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
         "id": 3
        }
       }
      },
      "TransportStatus": {
       "fields": {
        "address": {
         "type": "string",
         "id": 1
        },
        "protection": {
         "type": "string",
         "id": 2
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
         "id": 4
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
         "id": 7
        }
       },
       "nested": {
        "Use": {
         "values": {
          "USE_UNSPECIFIED": 0,
          "SERVER": 1,
          "CLIENT_CA": 2
         }
        },
        "State": {
         "values": {
          "STATE_UNSPECIFIED": 0,
          "VALID": 1,
          "NEAR_EXPIRY": 2,
          "EXPIRED": 3,
          "NOT_YET_VALID": 4
         }
        }
       }
      },
      "Unit": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
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
         "id": 1
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
         "id": 1
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
