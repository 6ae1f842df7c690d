//! The Unix socket: takes over a path that nobody answers on, never one that
//! is in use or is no socket, and accepts a bounded number of connections from
//! processes of users that may have something signed.

use rustix::fs::{Mode, chmod};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::Stream;
use tonic::transport::server::{Connected, UdsConnectInfo};

use crate::error::{Kind, StartError};
use crate::limits::{ACCEPT_PAUSE, MAX_CONNECTIONS, SOCKET_PROBE};

/// Owner and group may connect.
const MODE: u32 = 0o660;

/// A bound socket; dropping it removes its file, if that is still its own.
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// Whose processes may connect, beside root's and our own user's: the file's mode lets
/// its group in, the kernel says who it really is (SO_PEERCRED, unix(7)).
#[derive(Clone, Debug, Default)]
pub struct Peers(Vec<u32>);

impl Peers {
    /// # Errors
    /// `System` when there is no user of that name.
    pub fn of_users(names: &[String]) -> Result<Self, StartError> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let users = fs::read_to_string(USERS)
            .map_err(|error| StartError::system(format!("{USERS}: {error}")))?;
        let uid = |name: &String| {
            uid_of(&users, name).ok_or_else(|| {
                let message = format!("{USERS} has no user {name:?}. Give another --peer-user");
                StartError::system(message)
            })
        };
        names.iter().map(uid).collect::<Result<_, _>>().map(Self)
    }

    fn allow(&self, uid: u32, own: u32) -> bool {
        uid == own || uid == 0 || self.0.contains(&uid)
    }
}

/// passwd(5): name, password, uid, between colons.
const USERS: &str = "/etc/passwd";

fn uid_of(users: &str, name: &str) -> Option<u32> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// The socket's file, as it was when bound.
pub struct SocketFile {
    path: PathBuf,
    device_and_inode: (u64, u64),
}

impl Socket {
    /// Must be called inside a tokio runtime, under a umask that keeps others out.
    ///
    /// # Errors
    /// `InUse` when somebody answers at the path or it is no socket; `System` otherwise.
    pub async fn bind(path: &Path) -> Result<Self, StartError> {
        let refuse =
            |error: io::Error| StartError::system(format!("socket {}: {error}", path.display()));
        remove_stale(path).await?;
        let listener = UnixListener::bind(path).map_err(refuse)?;
        chmod(path, Mode::from_raw_mode(MODE)).map_err(|error| refuse(error.into()))?;
        let metadata = fs::symlink_metadata(path).map_err(refuse)?;
        Ok(Self {
            listener,
            file: SocketFile {
                path: path.to_owned(),
                device_and_inode: (metadata.dev(), metadata.ino()),
            },
        })
    }

    /// The connections as they come, without end, and the file to keep until then.
    pub fn into_connections(
        self,
        peers: Peers,
    ) -> (impl Stream<Item = io::Result<Connection>>, SocketFile) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let connections = async_accept(self.listener, permits, peers);
        (connections, self.file)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let own = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.device_and_inode);
        if own {
            let _ = fs::remove_file(&self.path);
        }
    }
}

async fn remove_stale(path: &Path) -> Result<(), StartError> {
    let refuse =
        |error: io::Error| StartError::system(format!("socket {}: {error}", path.display()));
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refuse(error)),
    };
    if !metadata.file_type().is_socket() {
        let message = format!(
            "{} is there already and is no socket. Move it away or choose another --socket",
            path.display()
        );
        return Err(StartError::new(Kind::InUse, message));
    }
    match tokio::time::timeout(SOCKET_PROBE, UnixStream::connect(path)).await {
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(refuse)
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(Err(error)) if error.kind() == ErrorKind::PermissionDenied => Err(refuse(error)),
        // Connected, a full backlog or no answer in time: somebody is there.
        _ => Err(StartError::new(
            Kind::InUse,
            format!(
                "another process answers at {}. Stop it first or choose another --socket",
                path.display()
            ),
        )),
    }
}

/// Past the limit, connections wait in the kernel's backlog.
fn async_accept(
    listener: UnixListener,
    permits: Arc<Semaphore>,
    peers: Peers,
) -> impl Stream<Item = io::Result<Connection>> {
    let (send, receive) = tokio::sync::mpsc::channel(1);
    let own = rustix::process::geteuid().as_raw();
    tokio::spawn(async move {
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = send.closed() => return,
            };
            match stream {
                Ok((stream, _)) => {
                    let uid = stream.peer_cred().map(|peer| peer.uid());
                    if !uid.as_ref().is_ok_and(|uid| peers.allow(*uid, own)) {
                        tracing::warn!(uid = uid.ok(), "a process of another user was refused");
                        continue;
                    }
                    let _permit = permit;
                    if send.send(Ok(Connection { stream, _permit })).await.is_err() {
                        return;
                    }
                }
                // The listener outlives a machine that is short of something.
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receive)
}

/// A connection that counts against the limit while it lives.
pub struct Connection {
    stream: UnixStream,
    _permit: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = UdsConnectInfo;

    fn connect_info(&self) -> UdsConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_oneself_and_the_users_named_may_connect_and_nobody_else() {
        let peers = Peers(vec![901]);
        for (uid, allowed) in [
            (0, true),
            (902, true),
            (901, true),
            (900, false),
            (65_534, false),
        ] {
            assert_eq!(peers.allow(uid, 902), allowed, "{uid}");
        }
        assert!(!Peers::default().allow(901, 902));
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nagent-x:x:5:5::/:/x\nagent:x:901:901::/:/x\nbroken:x\n";
        assert_eq!(uid_of(users, "agent"), Some(901));
        assert_eq!(uid_of(users, "age"), None);
        assert_eq!(uid_of(users, "broken"), None);
        assert!(Peers::of_users(&["no such user".into()]).is_err());
    }
}
