//! A sealing key that replaced the one that this machine gives at each start, kept over
//! restarts until the machine stops: the machine learns of the new one at its next boot
//! only. Lies in memory alone (tmpfs), with its owner's rights; never on a disk.

use rustix::fs::statfs;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::StartError;
use crate::store::sealing_key::SealingKey;

const NOW: &str = "replaced-sealing-key";
const NEXT: &str = "replaced-sealing-key.next";

/// statfs(2)
const TMPFS: u64 = 0x0102_1994;
const RAMFS: u64 = 0x8584_58f6;

pub struct KeptKey {
    dir: PathBuf,
}

impl KeptKey {
    /// # Errors
    /// The directory isn't there, or isn't in memory.
    pub fn new(dir: &Path) -> Result<Self, StartError> {
        let refuse = |why: String| StartError::system(format!("{}: {why}", dir.display()));
        let found = statfs(dir).map_err(|error| refuse(error.to_string()))?;
        // The kernel's type of this field differs from one architecture to the next.
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
        let kind = found.f_type as u64 & 0xffff_ffff;
        if kind != TMPFS && kind != RAMFS {
            return Err(refuse(
                "it isn't in memory (tmpfs), and a sealing key may not lie on a disk; name a directory in /run".into(),
            ));
        }
        Ok(Self {
            dir: dir.to_path_buf(),
        })
    }

    /// Those to be tried before the one that was given, the likeliest first. One of them,
    /// or the given one, opens the store wherever a change was broken off.
    #[must_use]
    pub fn read(&self) -> Vec<SealingKey> {
        [NEXT, NOW]
            .into_iter()
            .map(|name| self.dir.join(name))
            .filter(|path| path.exists())
            .filter_map(|path| SealingKey::read(&path).ok())
            .collect()
    }

    /// # Errors
    /// When it can't be written.
    pub fn prepare(&self, key: &SealingKey) -> io::Result<()> {
        let path = self.dir.join(NEXT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(&path)?.write_all(key.bytes())
    }

    /// `begun`: whether the store takes the prepared one from now on.
    pub fn settle(&self, begun: bool) {
        let next = self.dir.join(NEXT);
        let settled = match begun {
            true => fs::rename(&next, self.dir.join(NOW)),
            false => fs::remove_file(&next),
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "the key that a restart tries is not in its place");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_bytes(&[byte; 32]).unwrap()
    }

    fn firsts(kept: &KeptKey) -> Vec<u8> {
        kept.read().iter().map(|key| key.bytes()[0]).collect()
    }

    #[test]
    fn at_every_step_of_a_change_the_key_that_opens_is_among_those_tried() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let kept = KeptKey::new(dir.path()).unwrap();
        assert!(firsts(&kept).is_empty());
        kept.prepare(&key(1)).unwrap();
        assert_eq!(firsts(&kept), [1]);
        kept.settle(true);
        assert_eq!(firsts(&kept), [1]);
        kept.prepare(&key(2)).unwrap();
        assert_eq!(firsts(&kept), [2, 1]);
        kept.settle(false);
        assert_eq!(firsts(&kept), [1]);
        kept.prepare(&key(3)).unwrap();
        kept.prepare(&key(4)).unwrap();
        kept.settle(true);
        assert_eq!(firsts(&kept), [4]);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(dir.path().join(NOW)).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_directory_that_is_not_in_memory_is_refused() {
        assert!(KeptKey::new(Path::new("/proc/self")).is_err());
        assert!(KeptKey::new(Path::new("/dev/shm/none")).is_err());
    }
}
