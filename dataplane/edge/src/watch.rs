//! Notices that the configuration file, or a file that it names, is another one than
//! before. Looks through symbolic links and reads nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Device, inode, modification time (seconds, nanoseconds), size; None: not there.
type Mark = Option<(u64, u64, i64, i64, u64)>;

pub struct Watch {
    config: PathBuf,
    named: Vec<PathBuf>,
    seen: Vec<Mark>,
}

impl Watch {
    #[must_use]
    pub fn new(config: PathBuf) -> Self {
        let seen = vec![mark(&config)];
        Self {
            config,
            named: Vec::new(),
            seen,
        }
    }

    /// Whether something changed since this was last asked.
    pub fn changed(&mut self) -> bool {
        let now = self.marks();
        let before = std::mem::replace(&mut self.seen, now);
        before != self.seen
    }

    /// What the configuration names; to be called before those files are read, so
    /// that a change after that is seen.
    pub fn name(&mut self, named: Vec<PathBuf>) {
        self.seen.truncate(1);
        self.seen.extend(named.iter().map(mark));
        self.named = named;
    }

    fn marks(&self) -> Vec<Mark> {
        std::iter::once(&self.config)
            .chain(&self.named)
            .map(mark)
            .collect()
    }
}

fn mark(path: &PathBuf) -> Mark {
    let found = fs::metadata(path).ok()?;
    Some((
        found.dev(),
        found.ino(),
        found.mtime(),
        found.mtime_nsec(),
        found.size(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_changes_or_goes_is_noticed_once() {
        let dir = tempfile::tempdir().unwrap();
        let (config, pem) = (dir.path().join("edge.json"), dir.path().join("c.pem"));
        let mut watch = Watch::new(config.clone());
        assert!(!watch.changed());
        fs::write(&config, "{}").unwrap();
        assert!(watch.changed() && !watch.changed());
        watch.name(vec![pem.clone()]);
        assert!(!watch.changed());
        fs::write(&pem, "one").unwrap();
        assert!(watch.changed() && !watch.changed());
        fs::write(&pem, "longer").unwrap();
        assert!(watch.changed() && !watch.changed());
        fs::remove_file(&config).unwrap();
        assert!(watch.changed() && !watch.changed());
    }

    #[test]
    fn a_link_to_another_directory_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("current");
        for version in ["1", "2"] {
            fs::create_dir(dir.path().join(version)).unwrap();
            fs::write(dir.path().join(version).join("edge.json"), "{}").unwrap();
        }
        std::os::unix::fs::symlink("1", &link).unwrap();
        let mut watch = Watch::new(link.join("edge.json"));
        assert!(!watch.changed());
        std::os::unix::fs::symlink("2", dir.path().join("next")).unwrap();
        fs::rename(dir.path().join("next"), &link).unwrap();
        assert!(watch.changed() && !watch.changed());
    }
}
