//! Whose turn comes when.

use std::time::Instant;

use super::{Shared, Table};
use crate::front::Stream;

impl<S: Stream> Table<S> {
    /// Puts those whose turn has come into `due`, each once.
    pub fn collect_due(&mut self, due: &mut Vec<usize>, now: Instant) {
        due.extend(self.again.drain(..));
        while let Some(&(at, key)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(entry) = self.connections.get_mut(key) {
                entry.armed = None;
            }
            due.push(key);
        }
        due.sort_unstable();
        due.dedup();
    }

    /// When `collect_due` is to be called again.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if !self.again.is_empty() || !self.rechecks.is_empty() {
            return Some(now);
        }
        let turn = (!self.waiting.is_empty()).then(|| now + self.handshakes.wait());
        let first = self.deadlines.first().map(|&(at, _)| at);
        [first, turn].into_iter().flatten().min()
    }

    /// Keeps one deadline per connection in the order of time.
    pub(super) fn arm(&mut self, key: usize, shared: Shared<'_>) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        let wanted = entry.connection.deadline(&shared.generation.limits);
        if wanted == entry.armed {
            return;
        }
        let before = std::mem::replace(&mut entry.armed, wanted);
        if let Some(at) = before {
            self.deadlines.remove(&(at, key));
        }
        if let Some(at) = wanted {
            self.deadlines.insert((at, key));
        }
    }
}
