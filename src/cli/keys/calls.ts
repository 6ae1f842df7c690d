// gatehouse.v1.Keys from the command line, typed.
import type {
  ChangeKeyRequestInit,
  CreateKeyRequestInit,
  ImportKeyRequestInit,
  Key,
  ListKeysRequestInit,
  ListKeysResponse,
  PublicKey,
  RotateKeyRequestInit,
  ScheduleDeletionRequestInit,
  SetLabelsRequestInit,
  SetPolicyRequestInit,
} from "../../proto/mod.ts";
import type { AdminClient } from "../admin_client.ts";

/** The most that a page may have; whoever wants all wants few round trips. */
const PAGE_KEYS = 1_000;

export const getKey = (client: AdminClient, id: string): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/Get", { id });

/** @param version 0: the newest */
export const getPublicKey = (
  client: AdminClient,
  id: string,
  version: number,
  format: number,
): Promise<PublicKey> => client.unary("/gatehouse.v1.Keys/GetPublicKey", { id, version, format });

/** Every key that fits, a page at a time. */
export async function* listKeys(
  client: AdminClient,
  request: Pick<ListKeysRequestInit, "labels" | "states">,
): AsyncGenerator<Key> {
  for (let page_token = "";;) {
    const page = await client.unary<ListKeysRequestInit, ListKeysResponse>("/gatehouse.v1.Keys/List", {
      ...request,
      page_size: PAGE_KEYS,
      page_token,
    });
    yield* page.keys;
    if (page.next_page_token === "") return;
    page_token = page.next_page_token;
  }
}

export const createKey = (client: AdminClient, request: CreateKeyRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/Create", request);

export const importKey = (client: AdminClient, request: ImportKeyRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/Import", request);

export const rotateKey = (client: AdminClient, request: RotateKeyRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/Rotate", request);

/** Those that take nothing but which key. */
export type SimpleChange = "Enable" | "Disable" | "CancelDeletion" | "Destroy";

export const changeKey = (
  client: AdminClient,
  how: SimpleChange,
  request: ChangeKeyRequestInit,
): Promise<Key> => client.unary(`/gatehouse.v1.Keys/${how}`, request);

export const scheduleDeletion = (client: AdminClient, request: ScheduleDeletionRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/ScheduleDeletion", request);

export const setPolicy = (client: AdminClient, request: SetPolicyRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/SetPolicy", request);

export const setLabels = (client: AdminClient, request: SetLabelsRequestInit): Promise<Key> =>
  client.unary("/gatehouse.v1.Keys/SetLabels", request);
