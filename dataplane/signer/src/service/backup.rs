//! CreateBackup: the keys of one moment, encrypted into a file without a name on the store's
//! disk, then sent from there. So a slow reader holds up nobody and costs no memory, and no
//! private key leaves the process but encrypted to the recovery recipient.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use zeroize::Zeroizing;

use super::status::refuse;
use super::{Shared, in_background};
use crate::backup::content::ContentWriter;
use crate::backup::key::to_backup;
use crate::clock::wall_ms;
use crate::limits::{BACKUP_CHUNK_BYTES, MAX_NAMED_KEYS, MAX_STREAM_PAUSE};
use crate::policy::Rule;
use crate::proto::backup::v1::BackupHeader;
use crate::proto::v1::BackupChunk;
use crate::store::{Export, STORE_ID_BYTES, StoreError, StoredKey};

pub type Chunks = Pin<Box<dyn Stream<Item = Result<BackupChunk, Status>> + Send>>;

impl Shared {
    /// One backup or restore at a time: each may take the disk's room for a whole store.
    ///
    /// # Errors
    /// Another one goes on.
    pub fn transfer(&self) -> Result<OwnedSemaphorePermit, Status> {
        let transfers = Arc::clone(&self.transfers);
        transfers.try_acquire_owned().map_err(|_| {
            refuse(
                Code::ResourceExhausted,
                Rule::QueueFull.reason(),
                "another backup or restore goes on; wait for its end, then try again",
            )
        })
    }
}

/// # Errors
/// No recipient, a key that isn't there, or what the disk says; before the first chunk.
pub async fn create(shared: Arc<Shared>, ids: Vec<String>) -> Result<Chunks, Status> {
    let permit = shared.transfer()?;
    // The work goes on when its caller goes away, and the permit with it.
    let (file, left_out, permit) = in_background(move || {
        let (file, left_out) = write(&shared, &ids)?;
        Ok((file, left_out, permit))
    })
    .await?;
    let chunks = stream(file, left_out, permit, MAX_STREAM_PAUSE);
    Ok(Box::pin(chunks))
}

/// `pause`: how long its reader may take for one chunk.
fn stream(
    file: File,
    left_out: Vec<String>,
    permit: OwnedSemaphorePermit,
    pause: Duration,
) -> ReceiverStream<Result<BackupChunk, Status>> {
    let (send, chunks) = mpsc::channel(2);
    tokio::spawn(async move {
        let delivered = deliver(file, left_out, &send, pause).await;
        drop(permit);
        if let Err(error) = delivered {
            // There may be no room for it yet, and an end without it is that of a whole file.
            let _ = send.send(Err(error)).await;
        }
    });
    ReceiverStream::new(chunks)
}

/// The whole file, from its start, and which keys are not in it.
fn write(shared: &Shared, ids: &[String]) -> Result<(File, Vec<String>), Status> {
    let recipient = shared.store.recipient().ok_or_else(|| {
        refuse(
            Code::FailedPrecondition,
            "RECIPIENT_NOT_SET",
            "no recovery recipient is set, so nobody could open a backup; make a recovery key (`gatehouse backup keygen`) and set its public half, once: Backup.SetRecipient",
        )
    })?;
    let failed = |_| Status::internal("the recovery recipient can't be encrypted to");
    let recipient: age::x25519::Recipient = recipient.recipient.parse().map_err(|_| failed(()))?;
    let file = shared.store.transit_file()?;
    let encryptor =
        age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            .map_err(|_| failed(()))?;
    let out = BufWriter::new(file);
    let out = encryptor.wrap_output(out).map_err(StoreError::from)?;
    let mut export = Encrypted {
        out: Some(out),
        content: None,
    };
    let left_out = shared.store.snapshot(ids, &mut export)?;
    let content = export.content.take().ok_or(StoreError::Crypto)?;
    let mut file = content
        .finish(left_out.len() as u64)
        .and_then(|out| out.finish())
        .and_then(|out| out.into_inner().map_err(|error| error.into_error()))
        .map_err(StoreError::from)?;
    file.rewind().map_err(StoreError::from)?;
    Ok((file, left_out))
}

struct Encrypted<W: Write> {
    out: Option<W>,
    content: Option<ContentWriter<W>>,
}

impl<W: Write> Export for Encrypted<W> {
    fn begin(
        &mut self,
        store_id: &[u8; STORE_ID_BYTES],
        generation: u64,
    ) -> Result<(), StoreError> {
        let header = BackupHeader {
            store_id: store_id.to_vec(),
            generation,
            created_at_ms: wall_ms(),
        };
        if let Some(out) = self.out.take() {
            self.content = Some(ContentWriter::new(out, header)?);
        }
        Ok(())
    }

    fn key(&mut self, key: StoredKey, privates: Vec<Zeroizing<Vec<u8>>>) -> Result<(), StoreError> {
        match &mut self.content {
            Some(content) => Ok(content.key(to_backup(key, &privates))?),
            None => Err(StoreError::Crypto),
        }
    }
}

async fn deliver(
    mut file: File,
    left_out: Vec<String>,
    send: &mpsc::Sender<Result<BackupChunk, Status>>,
    pause: Duration,
) -> Result<(), Status> {
    loop {
        let (back, data) = in_background(move || {
            let mut data = Vec::with_capacity(BACKUP_CHUNK_BYTES);
            let part = (&mut file).take(BACKUP_CHUNK_BYTES as u64);
            { part }.read_to_end(&mut data).map_err(StoreError::from)?;
            Ok((file, data))
        })
        .await?;
        file = back;
        let last = data.is_empty();
        let mut chunk = BackupChunk {
            data,
            left_out: Vec::new(),
        };
        if last {
            if left_out.is_empty() {
                return Ok(());
            }
            chunk.left_out = left_out.iter().take(MAX_NAMED_KEYS).cloned().collect();
        }
        match tokio::time::timeout(pause, send.send(Ok(chunk))).await {
            Ok(Ok(())) if !last => {}
            // The end, or nobody reads any more.
            Ok(_) => return Ok(()),
            Err(_) => return Err(Rule::DeadlineExceeded.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::sync::Semaphore;
    use tokio_stream::StreamExt;

    const CHUNKS: usize = 9;

    fn begun(pause: Duration) -> (ReceiverStream<Result<BackupChunk, Status>>, Arc<Semaphore>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; CHUNKS * BACKUP_CHUNK_BYTES])
            .unwrap();
        file.rewind().unwrap();
        let transfers = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&transfers).try_acquire_owned().unwrap();
        (stream(file, Vec::new(), permit, pause), transfers)
    }

    #[tokio::test]
    async fn a_reader_who_was_too_slow_is_told_so_and_never_takes_a_part_for_the_whole() {
        let (mut chunks, transfers) = begun(Duration::from_millis(20));
        assert!(chunks.next().await.unwrap().is_ok());
        // Holds up nobody else, read on or not.
        let _permit = transfers.acquire().await.unwrap();
        let rest: Vec<_> = chunks.collect().await;
        assert!(rest.len() < CHUNKS, "{}", rest.len());
        let last = rest.last().unwrap().as_ref().unwrap_err();
        assert_eq!(last.code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_reader_who_keeps_up_gets_all_of_it() {
        let (chunks, _transfers) = begun(MAX_STREAM_PAUSE);
        let all: Vec<_> = chunks.collect().await;
        let bytes = all.into_iter().map(|chunk| chunk.unwrap().data.len());
        assert_eq!(bytes.sum::<usize>(), CHUNKS * BACKUP_CHUNK_BYTES);
    }
}
