//! Connections that the edge ends by itself: for the budget, because their certificate
//! isn't good any more, because the process ends.

use std::time::Instant;

use super::{Shared, Table};
use crate::front::Stream;
use crate::limits::{BUDGET_PATIENCE, RECHECKS_PER_TURN};
use crate::reason::{Ending, Reason};

impl<S: Stream> Table<S> {
    /// Once in each turn: ends those that are to be ended.
    pub fn tend(&mut self, shared: Shared<'_>) {
        self.keep_to_budget(shared);
        self.recheck(shared);
    }

    /// Closes those that have taken nothing for the longest time, while too much is queued.
    fn keep_to_budget(&mut self, shared: Shared<'_>) {
        while self.queued_bytes > shared.generation.limits.queued_bytes {
            let holders = self.connections.iter();
            let holders = holders.filter(|(_, one)| one.queued_bytes > 0);
            let longest = holders.min_by_key(|(_, one)| one.stuck_since);
            let Some((key, _)) =
                longest.filter(|(_, one)| one.stuck_since + BUDGET_PATIENCE <= shared.now)
            else {
                return;
            };
            let why = "too much is queued in all, and it has taken nothing for the longest time";
            self.close(key, Ending::new(Reason::Memory, why), shared);
        }
    }

    fn close(&mut self, key: usize, ending: Ending, shared: Shared<'_>) {
        if let Some(entry) = self.connections.get_mut(key) {
            let outcome = entry.connection.close(ending, shared.now);
            self.settle(key, outcome, shared);
        }
    }

    /// From now on each open connection is held against the configuration once more.
    pub fn begin_rechecks(&mut self) {
        self.rechecks = self.connections.iter().map(|(key, _)| key).collect();
    }

    /// Closes whose certificate isn't good any more, some in each turn.
    fn recheck(&mut self, shared: Shared<'_>) {
        for _ in 0..RECHECKS_PER_TURN {
            let Some(key) = self.rechecks.pop_front() else {
                return;
            };
            let entry = self.connections.get(key);
            if let Some(Err(ending)) = entry.map(|one| one.connection.recheck(shared.generation)) {
                self.close(key, ending, shared);
            }
        }
    }

    /// Drops those that have nothing to lose.
    pub fn drop_unused(&mut self, now: Instant) {
        let unused = self
            .connections
            .iter()
            .filter(|(_, entry)| entry.connection.is_unused());
        let unused: Vec<usize> = unused.map(|(key, _)| key).collect();
        unused.into_iter().for_each(|key| self.remove(key, now));
    }

    /// The process ends: each says goodbye if it can.
    pub fn abandon_all(&mut self) {
        for (_, entry) in &mut self.connections {
            entry.connection.abandon();
        }
    }
}
