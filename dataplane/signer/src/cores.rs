//! How many threads may work at once. Must be asked for the first time before the process
//! is confined: what a container may use stands in files that it can't read later.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread::available_parallelism;

/// CPUs that this process may use.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| available_parallelism().map_or(1, NonZero::get))
}
