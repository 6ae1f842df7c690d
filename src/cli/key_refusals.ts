// What to type after a refusal that is about keys, by its reason (google.rpc.ErrorInfo). Names no key: the refusal does.

export const NEXT_BY_KEY_REASON: ReadonlyMap<string, string> = new Map([
  [
    "KEY_NOT_ALLOWED",
    "`gatehouse keys list` shows the keys that you may see, `gatehouse whoami` who you are; an administrator gives keys by [access] and by `gatehouse keys policy ID`",
  ],
  ["KEY_NOT_FOUND", "`gatehouse keys list` shows the keys that you may see"],
  ["KEY_EXISTS", "choose another id; that of a destroyed key stays taken"],
  ["KEY_CHANGED", "somebody changed it meanwhile: look at it with `gatehouse keys get`, then try again"],
  ["KEY_DISABLED", "an administrator can let it sign again: gatehouse keys enable ID"],
  ["KEY_PENDING_DELETION", "an administrator can keep it: gatehouse keys cancel-deletion ID, then enable"],
  [
    "KEY_DESTROYED",
    "choose another key; what was destroyed comes back from a backup only, into another appliance",
  ],
  [
    "KEY_DAMAGED",
    "give it up by one start with --accept-loss (docs/operations.md), then: gatehouse restore FILE --key ID",
  ],
  ["KEY_WEAK", "import a stronger key, or make one: gatehouse keys create"],
  ["KEY_NOT_YET_VALID", "`gatehouse keys policy ID` says from when on it signs"],
  ["KEY_EXPIRED", "`gatehouse keys policy ID` says until when it signed; an administrator can change that"],
  ["KEY_RATE", "wait a second; `gatehouse keys policy ID` says how often it signs"],
  ["ALGORITHM_NOT_ALLOWED", "name one with --algorithm; `gatehouse keys policy ID` says which"],
  ["WRONG_ALGORITHM", "leave --algorithm out, or name one of the key's kind (`gatehouse keys get ID`)"],
  ["TRANSPORT_NOT_ALLOWED", "call the server another way; `gatehouse keys policy ID` says which"],
  ["VERSION_NOT_FOUND", "`gatehouse keys get ID` shows its versions"],
  ["VERSION_NOT_CURRENT", "leave --key-version out: the newest version signs"],
  ["REQUEST_ID_REUSED", "choose another --request-id: each change has its own"],
  ["QUEUE_FULL", "try again in a moment: the signer has more to do than it can"],
  [
    "RECIPIENT_NOT_SET",
    "make a recovery key, then set its public half, once: gatehouse backup keygen FILE, backup recipient --set FILE",
  ],
  [
    "RESTORE_CONFLICT",
    "add --skip-existing, or --replace-defaults for default-… keys, or name keys with --key ID; with --dry-run besides, it says what it would do",
  ],
  ["WRONG_IDENTITY", "give the identity that belongs to the recipient which `backup create` printed"],
  [
    "BACKUP_UNREADABLE",
    "copy the backup again, or take another one; `age -d -i IDENTITY` opens a whole one too",
  ],
  ["KEY_NOT_IN_BACKUP", "`gatehouse restore FILE --dry-run --skip-existing` lists what is in it"],
  ["TRANSPORT_KEY_CHANGED", "run the command again: the signer was started anew meanwhile"],
  [
    "RECIPIENT_SET",
    "`gatehouse backup recipient` shows it; another one takes another appliance, and a restore there",
  ],
  [
    "SEALING_KEY_CHANGING",
    "wait until `gatehouse sealing status` says that every key is under it, then try again",
  ],
  [
    "SEALING_KEY_REPLACED",
    "start it with the new key; for a VM: gatehouse down, then gatehouse up, which finds it in sealing.key.new",
  ],
  ["STORE_FULL", "use another appliance, or rotate keys rather than make new ones"],
  ["STORE_DISK_FULL", "make room on its disk, then try again; nothing was changed"],
  ["STORE_READ_ONLY", "mount its disk for writing, then try again; nothing was changed"],
  ["STORE_DAMAGED", "back up what is whole (`gatehouse backup create`), and see docs/operations.md"],
  ["STORE_UNSETTLED", "look with `gatehouse keys get` whether it was done before you repeat it"],
]);
