// The methods of the signer that are called one by one, with their types.
// Must never be served to anybody: the agent's own services decide who may ask.
import type { ClientMethod } from "../grpc/client.ts";
import {
  type BackupChunk,
  type ChangeKeyRequestInit,
  type ChangeSealingKeyRequestInit,
  type CreateBackupRequestInit,
  type CreateKeyRequestInit,
  type GetKeyRequestInit,
  type ImportKeyRequestInit,
  type Key,
  type ListKeysResponse,
  methodAt,
  type RandomRequestInit,
  type RandomResponse,
  type RecoveryRecipient,
  type RestoreRequestInit,
  type RestoreResponse,
  type RotateKeyRequestInit,
  type ScheduleDeletionRequestInit,
  type SealingStatus,
  type SetLabelsRequestInit,
  type SetPolicyRequestInit,
  type SetRecipientRequestInit,
  type SignerListKeysRequestInit,
  type SignerSignBatchRequestInit,
  type SignerSignBatchResponse,
  type SignerSignResult,
  type SignerSignStreamRequestInit,
  type SignerVerifyRequestInit,
  type TransportKey,
  type VerifyResponse,
} from "../proto/mod.ts";

const at = <Request, Response>(name: string): ClientMethod<Request, Response> =>
  methodAt<Request, Response>(`/gatehouse.signer.v1.SignerService/${name}`);

type Nothing = Record<never, never>;

export const SIGNER = {
  sign: at<SignerSignBatchRequestInit, SignerSignBatchResponse>("Sign"),
  signStream: at<SignerSignStreamRequestInit, SignerSignResult>("SignStream"),
  verify: at<SignerVerifyRequestInit, VerifyResponse>("Verify"),
  random: at<RandomRequestInit, RandomResponse>("Random"),
  createKey: at<CreateKeyRequestInit, Key>("CreateKey"),
  importKey: at<ImportKeyRequestInit, Key>("ImportKey"),
  listKeys: at<SignerListKeysRequestInit, ListKeysResponse>("ListKeys"),
  getKey: at<GetKeyRequestInit, Key>("GetKey"),
  rotateKey: at<RotateKeyRequestInit, Key>("RotateKey"),
  enableKey: at<ChangeKeyRequestInit, Key>("EnableKey"),
  disableKey: at<ChangeKeyRequestInit, Key>("DisableKey"),
  scheduleKeyDeletion: at<ScheduleDeletionRequestInit, Key>("ScheduleKeyDeletion"),
  cancelKeyDeletion: at<ChangeKeyRequestInit, Key>("CancelKeyDeletion"),
  destroyKey: at<ChangeKeyRequestInit, Key>("DestroyKey"),
  setKeyPolicy: at<SetPolicyRequestInit, Key>("SetKeyPolicy"),
  setKeyLabels: at<SetLabelsRequestInit, Key>("SetKeyLabels"),
  getRecipient: at<Nothing, RecoveryRecipient>("GetRecipient"),
  setRecipient: at<SetRecipientRequestInit, RecoveryRecipient>("SetRecipient"),
  createBackup: at<CreateBackupRequestInit, BackupChunk>("CreateBackup"),
  restore: at<RestoreRequestInit, RestoreResponse>("Restore"),
  getTransportKey: at<Nothing, TransportKey>("GetTransportKey"),
  changeSealingKey: at<ChangeSealingKeyRequestInit, SealingStatus>("ChangeSealingKey"),
  getSealingStatus: at<Nothing, SealingStatus>("GetSealingStatus"),
} as const;
