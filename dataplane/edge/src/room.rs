//! File descriptors for as many connections as may be open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Listeners, signals, the poll, the log, the metrics.
const OTHERS: u64 = 128;

/// Two descriptors a connection and a few besides, as far as the machine allows.
pub fn make_room(connections: usize) {
    let needed = connections as u64 * 2 + OTHERS;
    let has = getrlimit(Resource::Nofile);
    if has.current.is_none_or(|current| current >= needed) {
        return;
    }
    let wanted = has.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: has.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_err() || wanted < needed {
        tracing::warn!(
            wanted,
            needed,
            "too few file descriptors for every connection (LimitNOFILE= of the unit)"
        );
    }
}
