//! The command line of the signer. Reads the sealing key, hands over to `run`.

use clap::{Args, Parser};
use gatehouse_common::hardening::{harden, lock_memory};
use gatehouse_common::log;
use gatehouse_common::notify::Notifier;
use gatehouse_signer::confinement::{self, Files};
use gatehouse_signer::cores::cores;
use gatehouse_signer::error::{Kind, StartError};
use gatehouse_signer::kept_key::KeptKey;
use gatehouse_signer::limits::{BLOCKING_THREADS, SHUTDOWN_GRACE};
use gatehouse_signer::recovery;
use gatehouse_signer::run::{Ending, Setup, serve};
use gatehouse_signer::socket::Peers;
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{COPY_FILE, STORE_FILE, make_directory};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  A sealing key of your own, then a signer on it:
    (umask 077; head -c 32 /dev/urandom | base64 > sealing-key)
    gatehouse-signer --socket signer.sock --state keys --sealing-key-file sealing-key

  As a systemd service with LoadCredential=sealing-key:
    gatehouse-signer --socket /run/gatehouse-signer/signer.sock --state /var/lib/gatehouse-signer \\
      --sealing-key-credential sealing-key

Exit codes: 0 stopped by SIGTERM or SIGINT, 2 wrong usage, 65 damaged store, 66 no usable
sealing key, 71 the machine refused something, 72 the store is gone, 75 store or socket in use,
78 wrong sealing key.";

/// Holds Gatehouse's private keys and signs with them, over gRPC on a Unix socket.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct CommandLine {
    /// Unix socket to listen on; owner and group may connect
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// Directory of the key store; made, with new keys, at the first start
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    #[command(flatten)]
    sealing_key: SealingKeySource,
    /// Refuse to make a new store: for a restart, when one was there before
    #[arg(long)]
    existing_store: bool,
    /// Once, after damage to the store: go on with the keys that are whole, give up the others
    #[arg(long)]
    accept_loss: bool,
    #[command(flatten)]
    recovery_recipient: RecoverySource,
    /// Where a sealing key that replaced the given one is kept over restarts: in memory (tmpfs)
    #[arg(long, value_name = "DIR")]
    replaced_key_dir: Option<PathBuf>,
    /// User whose processes may connect, beside root and the signer's own; any number of them
    #[arg(long, value_name = "NAME")]
    peer_user: Vec<String>,
    /// Stop when standard input ends and ignore SIGINT: for a parent process that supervises
    #[arg(long)]
    stop_at_stdin_end: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct SealingKeySource {
    /// File with the sealing key: 32 raw bytes, 64 hexadecimal digits or base64
    #[arg(long, value_name = "FILE")]
    sealing_key_file: Option<PathBuf>,
    /// The same as a systemd credential: a name in $CREDENTIALS_DIRECTORY
    #[arg(long, value_name = "NAME")]
    sealing_key_credential: Option<String>,
}

#[derive(Args)]
#[group(multiple = false)]
struct RecoverySource {
    /// File with the age recipient that backups are encrypted to; kept at the first start, for good
    #[arg(long, value_name = "FILE")]
    recovery_recipient_file: Option<PathBuf>,
    /// The same as a systemd credential; one that isn't there sets nothing
    #[arg(long, value_name = "NAME")]
    recovery_recipient_credential: Option<String>,
}

impl RecoverySource {
    fn read(&self) -> Result<Option<String>, StartError> {
        if let Some(file) = &self.recovery_recipient_file {
            return recovery::read(file).map(Some);
        }
        let Some(name) = &self.recovery_recipient_credential else {
            return Ok(None);
        };
        let file = credential(name)?;
        match file.exists() {
            true => recovery::read(&file).map(Some),
            false => Ok(None),
        }
    }
}

/// Where systemd puts it.
fn credential(name: &str) -> Result<PathBuf, StartError> {
    let refuse = |message: String| Err(StartError::new(Kind::NoSealingKey, message));
    if name.is_empty() || name.contains('/') || name == ".." {
        return refuse(format!("{name:?} is no name of a credential"));
    }
    match std::env::var_os("CREDENTIALS_DIRECTORY") {
        Some(directory) => Ok(Path::new(&directory).join(name)),
        None => refuse(format!(
            "there is no $CREDENTIALS_DIRECTORY to find {name} in. Put LoadCredential={name} into the unit, or give a file"
        )),
    }
}

impl SealingKeySource {
    fn path(&self) -> Result<PathBuf, StartError> {
        if let Some(file) = &self.sealing_key_file {
            return Ok(file.clone());
        }
        credential(self.sealing_key_credential.as_deref().unwrap_or_default())
    }
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    log::init("signer");
    log::panics("a fault in the signer; the item is answered INTERNAL");
    match start(&command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gatehouse-signer: {error}");
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn start(command_line: &CommandLine) -> Result<(), StartError> {
    harden().map_err(|error| {
        StartError::system(format!("core dumps can't be switched off: {error}"))
    })?;
    if let Err(reason) = lock_memory() {
        tracing::warn!(reason, "memory is not locked: keys may reach swap");
    }
    let CommandLine { socket, state, .. } = command_line;
    // All that lies elsewhere than in the store is read here.
    let given = SealingKey::read(&command_line.sealing_key.path()?)?;
    let kept_key = command_line.replaced_key_dir.as_deref();
    let kept_key = kept_key.map(KeptKey::new).transpose()?;
    let found = find_store(state, command_line.existing_store)?;
    // A new store is made with the given one: the kept one is gone with the machine's next boot.
    let mut sealing_keys = match &kept_key {
        Some(kept) if found => kept.read(),
        _ => Vec::new(),
    };
    sealing_keys.push(given);
    let setup = Setup {
        socket,
        recovery_recipient: command_line.recovery_recipient.read()?,
        peers: Peers::of_users(&command_line.peer_user)?,
        state,
        accept_loss: command_line.accept_loss,
        kept_key,
        ending: match command_line.stop_at_stdin_end {
            true => Ending::WithParent,
            false => Ending::BySignal,
        },
        systemd: Notifier::from_environment().unwrap_or_else(|error| {
            tracing::warn!(%error, "systemd can't be told that the signer is ready");
            Notifier::default()
        }),
    };
    let threads = cores();
    make_directory(state)?;
    let kept = command_line.replaced_key_dir.as_deref();
    match confinement::before_starting(state, kept, socket)? {
        Files::Confined { abi } => tracing::info!(abi, "files are confined by Landlock"),
        Files::Open => tracing::warn!(
            "this kernel has no Landlock: an attacker in the signer could read and write its user's files"
        ),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|error| StartError::system(format!("no runtime: {error}")))?;
    let ready = || {
        let line = format!("gatehouse-signer ready on {}\n", socket.display());
        let _ = std::io::stdout().write_all(line.as_bytes());
        let _ = std::io::stdout().flush();
    };
    let result = runtime.block_on(serve(
        setup,
        sealing_keys,
        confinement::before_serving,
        ready,
    ));
    // What still holds the store ends here, and the store's files are closed with it.
    runtime.shutdown_timeout(SHUTDOWN_GRACE);
    result
}

/// Whether there is one, which may be told to be so.
fn find_store(state: &Path, existing: bool) -> Result<bool, StartError> {
    let found = [STORE_FILE, COPY_FILE]
        .iter()
        .any(|name| state.join(name).exists());
    if existing && !found {
        return Err(StartError::new(
            Kind::StoreGone,
            format!(
                "the key store {} is gone. Put it back; without --existing-store new keys would be made",
                state.join(STORE_FILE).display()
            ),
        ));
    }
    Ok(found)
}
