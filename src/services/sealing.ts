// gatehouse.v1.Sealing: under which sealing key the store lies. Secrets pass through as they came, encrypted to the signer.
// Must never look into what it relays.
import type { EmitEvent } from "../agent/event_sink.ts";
import {
  type ChangeSealingKeyRequest,
  EventKind,
  type GetSealingStatusRequest,
  type GetTransportKeyRequest,
  type SealingStatus,
  type TransportKey,
} from "../proto/mod.ts";
import { SIGNER } from "../signer/methods.ts";
import { relay, type RelayOptions } from "./relay.ts";

export const SEALING_SERVICE = "gatehouse.v1.Sealing";

/** @param options.emit hears that the sealing key is another one, and by whom */
export function sealingService(options: RelayOptions & { readonly emit: EmitEvent }) {
  return {
    GetTransportKey: relay<GetTransportKeyRequest, TransportKey>(options, SIGNER.getTransportKey),
    Change: relay<ChangeSealingKeyRequest, SealingStatus>(
      options,
      SIGNER.changeSealingKey,
      ({ generation, rows_left }, by) =>
        options.emit(EventKind.SEALING_KEY_CHANGED, `${by} changed the sealing key`, {
          by,
          generation: generation.toString(),
          rows_left: String(rows_left),
        }),
    ),
    GetStatus: relay<GetSealingStatusRequest, SealingStatus>(options, SIGNER.getSealingStatus),
  };
}
