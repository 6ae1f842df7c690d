//! Every bound on what may be put into the store, with its reason. The agent
//! passes on what its callers ask for, so all of it is a peer's to choose.

/// Keys, destroyed ones included: their ids stay taken. At about 1.2 KiB of memory for a
/// key of one version in the store's reply and the keyring, 240 MiB.
pub const MAX_KEYS: usize = 200_000;

/// Versions over all keys: each is a row read at every start.
pub const MAX_VERSIONS_IN_ALL: usize = 400_000;

/// Versions of one key: a policy's change seals each of them anew in one transaction.
pub const MAX_VERSIONS: usize = 256;

/// Changes that a key of a backup says it has had. The rest of the numbers is for those to
/// come: at the last one a change couldn't be told from the one before.
pub const MAX_RESTORED_REVISION: u64 = 1 << 48;

/// As in keys.proto.
pub const MAX_ID_BYTES: usize = 64;
pub const MAX_LABELS: usize = 16;
pub const MAX_LABEL_NAME_BYTES: usize = 64;
pub const MAX_LABEL_VALUE_BYTES: usize = 128;

/// Entries of one policy. An identity is a certificate's name or ours: a DNS name
/// has at most 253 bytes, a URI of a workload seldom more than 255.
pub const MAX_POLICY_IDENTITIES: usize = 64;
pub const MAX_IDENTITY_BYTES: usize = 512;
pub const MAX_POLICY_ALGORITHMS: usize = 32;
pub const MAX_POLICY_TRANSPORTS: usize = 8;

/// PKCS#8 of RSA-4096 has about 2,400 bytes, its public half 550.
pub const MAX_PRIVATE_KEY_BYTES: usize = 8192;
pub const MAX_PUBLIC_KEY_BYTES: usize = 4096;

/// Request ids that are remembered: a client that sends a change again does so
/// within seconds, and the memory for them is under 3 MiB.
pub const MAX_REQUEST_IDS: usize = if cfg!(test) { 40 } else { 10_000 };
pub const MAX_REQUEST_ID_BYTES: usize = 64;

/// "age1" and the Bech32 of an X25519 key has 62; a post-quantum one about 2,000.
pub const MAX_RECIPIENT_BYTES: usize = 4096;

/// Rows sealed anew in one transaction: some tens of milliseconds, in which no change is taken.
pub const REWRAP_BATCH: usize = 1000;

/// Keys on a page of a list, and rows looked at before others get their turn.
pub const MAX_PAGE: usize = 1000;
