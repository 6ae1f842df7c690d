//! Tells systemd when a process is ready and when it stops (sd_notify(3)).
//! Without a NOTIFY_SOCKET it does nothing.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The way to systemd, where there is one; kept open by a process that can open nothing later.
#[derive(Default)]
pub struct Notifier(Option<UnixDatagram>);

impl Notifier {
    /// # Errors
    /// When the socket that the environment names can't be reached.
    pub fn from_environment() -> io::Result<Self> {
        match std::env::var_os("NOTIFY_SOCKET") {
            Some(socket) if !socket.is_empty() => Self::to(&socket),
            _ => Ok(Self(None)),
        }
    }

    fn to(socket: &OsStr) -> io::Result<Self> {
        let address = match socket.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        Ok(Self(Some(socket)))
    }

    /// Sends `state`, as in "READY=1".
    ///
    /// # Errors
    /// When systemd doesn't take it.
    pub fn notify(&self, state: &str) -> io::Result<()> {
        match &self.0 {
            Some(socket) => socket.send(state.as_bytes()).map(|_| ()),
            None => Ok(()),
        }
    }
}

/// The same for one state.
///
/// # Errors
/// When the socket that the environment names doesn't take it.
pub fn notify(state: &str) -> io::Result<()> {
    Notifier::from_environment()?.notify(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_arrives_at_a_path_and_at_an_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let at_path = UnixDatagram::bind(&path).unwrap();
        let name = format!("gatehouse-notify-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&name).unwrap();
        let at_name = UnixDatagram::bind_addr(&abstract_address).unwrap();
        let tell = |socket: &OsStr, state| Notifier::to(socket).unwrap().notify(state).unwrap();
        tell(path.as_os_str(), "READY=1");
        tell(OsStr::new(&format!("@{name}")), "STOPPING=1");
        let mut buffer = [0; 32];
        let len = at_path.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"READY=1");
        let len = at_name.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"STOPPING=1");
    }
}
