// gatehouse.v1.Backup: copies of the key store, which only the holder of the recovery key can open. The agent relays them.
// Must never let a file be restored that isn't the one whose digest the administrator signed.
import { once } from "node:events";
import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import type { EmitEvent } from "../agent/event_sink.ts";
import {
  type BackupChunk,
  type CreateBackupRequest,
  EventKind,
  type GetRecipientRequest,
  type RecoveryRecipient,
  type RestoreRequest,
  type RestoreResponse,
  type SetRecipientRequest,
} from "../proto/mod.ts";
import { SIGNER } from "../signer/methods.ts";
import { isRefusal } from "./refusal.ts";
import { answerBy, nameOf, relay, type RelayOptions } from "./relay.ts";
import { restoreRequests } from "./restore_requests.ts";
import { signerStatus } from "./signer_status.ts";
import { timeLeftMs } from "./time_left.ts";

export const BACKUP_SERVICE = "gatehouse.v1.Backup";

/** Keys that an event names: it is held in memory with thousands of others. */
const MAX_NAMED_KEYS = 100;

/** @param options.emit hears of backups, restores and the recipient, and by whom */
export function backupService(options: RelayOptions & { readonly emit: EmitEvent }) {
  const { signer, now, emit } = options;

  const Create: handleServerStreamingCall<CreateBackupRequest, BackupChunk> = async (call) => {
    try {
      const closed = new AbortController();
      call.once("close", () => closed.abort());
      const { ids } = call.request;
      const told = { deadlineMs: timeLeftMs(call, now()), signal: closed.signal };
      for await (const chunk of signer.serverStream(SIGNER.createBackup, { ids }, told)) {
        if (!call.write(chunk)) await drained(call, closed.signal);
      }
      const by = nameOf(call);
      const what = ids.length === 0 ? "all keys" : `${ids.length} keys`;
      emit(EventKind.BACKUP_CREATED, `${by} made a backup of ${what}`, {
        by,
        keys: ids.slice(0, MAX_NAMED_KEYS).join(","),
      });
      call.end();
    } catch (error) {
      if (call.cancelled || call.destroyed) return;
      call.emit("error", isRefusal(error) ? error : signerStatus(error));
    }
  };

  const Restore: handleClientStreamingCall<RestoreRequest, RestoreResponse> = (call, callback) => {
    const restore = async (): Promise<RestoreResponse> => {
      const by = nameOf(call);
      const requests = restoreRequests(call, () => call.cancelled);
      const answer = await signer.clientStream(SIGNER.restore, requests, {
        deadlineMs: timeLeftMs(call, now()),
      }).catch((error: unknown) => {
        throw requests.failure ?? error;
      });
      if (requests.changes) {
        const { restored, restored_count, skipped_count } = answer;
        emit(EventKind.KEYS_RESTORED, `${by} restored ${restored_count} keys`, {
          by,
          restored: restored.slice(0, MAX_NAMED_KEYS).join(","),
          skipped: skipped_count.toString(),
        });
      }
      return answer;
    };
    answerBy(callback, restore());
  };

  return {
    GetRecipient: relay<GetRecipientRequest, RecoveryRecipient>(options, SIGNER.getRecipient),
    SetRecipient: relay<SetRecipientRequest, RecoveryRecipient>(
      options,
      SIGNER.setRecipient,
      ({ recipient }, by) =>
        emit(EventKind.RECOVERY_RECIPIENT_SET, `${by} set the recipient of backups`, { by, recipient }),
    ),
    Create,
    Restore,
  };
}

/** @throws when the call is closed before there is room */
async function drained(
  call: ServerWritableStream<CreateBackupRequest, BackupChunk>,
  signal: AbortSignal,
): Promise<void> {
  await once(call, "drain", { signal });
}
