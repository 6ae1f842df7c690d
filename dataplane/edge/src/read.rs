//! Reads one small file whole, after one look at it, so that what was checked is
//! what is read. Never follows what it reads.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::Unusable;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// A secret: its owner may have access, and its group may read it.
    OwnerAndGroup,
}

/// # Errors
/// Names the file and what to do; nothing of its content.
pub fn whole(path: &Path, access: Access, max_bytes: u64) -> Result<Vec<u8>, Unusable> {
    let file = open(path).map_err(|error| unusable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unusable(path, &error))?;
    if !metadata.is_file() {
        return Err(unusable(path, &"it is no file"));
    }
    if access == Access::OwnerAndGroup && metadata.mode() & 0o037 != 0 {
        return Err(Unusable(format!(
            "{} is open to others. Leave it to its owner, and its group to read: chmod 640 {0}",
            path.display()
        )));
    }
    let mut content = Vec::new();
    file.take(max_bytes + 1)
        .read_to_end(&mut content)
        .map_err(|error| unusable(path, &error))?;
    if content.len() as u64 > max_bytes {
        let why = format!("it is larger than {} KiB", max_bytes >> 10);
        return Err(unusable(path, &why));
    }
    Ok(content)
}

/// Without waiting for a writer, should it be a pipe.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

pub fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Unusable {
    let path = path.display();
    Unusable(format!(
        "{path} can't be used: {why}. Put a good file there; it is read again when it changes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_may_be_its_groups_to_read_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "secret").unwrap();
        for (mode, fine) in [(0o600, true), (0o400, true), (0o640, true), (0o440, true)]
            .into_iter()
            .chain([
                (0o660, false),
                (0o650, false),
                (0o644, false),
                (0o602, false),
                (0o601, false),
            ])
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = whole(&path, Access::OwnerAndGroup, 99);
            assert_eq!(read.is_ok(), fine, "{mode:o}");
            if let Err(Unusable(why)) = read {
                assert!(why.contains("chmod 640") && !why.contains("secret"));
            }
        }
    }

    #[test]
    fn what_is_too_large_or_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(whole(&path, Access::Anybody, 5).unwrap(), b"12345");
        assert!(whole(&path, Access::Anybody, 4).is_err());
        assert!(whole(dir.path(), Access::Anybody, 99).is_err());
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            Mode::RWXU,
            0,
        )
        .unwrap();
        assert!(whole(&pipe, Access::Anybody, 99).is_err());
    }
}
