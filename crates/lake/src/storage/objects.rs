//! Whole objects of a bucket by name, for what is no table.

use super::bucket::{Bucket, of_store};
use bytes::{Buf, Bytes};
use object_store::path::Path as Key;
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// What is longer is sent in parts of so many bytes, and read so: the least that such storages take as a part is 5 MiB.
const PART_BYTES: u64 = 8 << 20;
/// Parts on their way at a time.
const PARTS_AT_ONCE: usize = 2;

impl Bucket {
    /// Keeps a whole file under a name. When this comes back it lasts.
    ///
    /// # Errors
    ///
    /// When the storage cannot be reached or refuses; nothing is under the name then.
    pub fn put_file(&self, name: &str, file: &mut File) -> io::Result<()> {
        let key = self.named(name)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        if length <= PART_BYTES {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return self.wait(self.store().put(&key, bytes.into())).map(drop).map_err(of_store);
        }
        self.wait(async {
            let upload = self.store().put_multipart(&key).await.map_err(of_store)?;
            let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES as usize);
            match send(file, &mut parts).await {
                Ok(()) => parts.finish().await.map(drop).map_err(of_store),
                Err(error) => {
                    // What was sent stays unseen and is cleared away by the storage.
                    parts.abort().await.ok();
                    Err(error)
                }
            }
        })
    }

    /// The bytes under a name, fetched as they are read.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] when there are none, others when the storage cannot be reached.
    pub fn read_file(&self, name: &str) -> io::Result<impl Read + Send + use<>> {
        let key = self.named(name)?;
        let length = self.wait(self.store().head(&key)).map_err(of_store)?.size;
        Ok(Whole { bucket: self.clone(), key, at: 0, length, part: Bytes::new() })
    }

    /// # Errors
    ///
    /// When the storage cannot be reached.
    pub fn has_file(&self, name: &str) -> io::Result<bool> {
        let key = self.named(name)?;
        match self.wait(self.store().head(&key)).map_err(of_store) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets go of what is under a name; false when there was nothing.
    ///
    /// # Errors
    ///
    /// When the storage cannot be reached or refuses.
    pub fn remove_file(&self, name: &str) -> io::Result<bool> {
        // What is not there is removed without a word.
        let there = self.has_file(name)?;
        let key = self.named(name)?;
        self.wait(self.store().delete(&key)).map_err(of_store)?;
        Ok(there)
    }

    fn named(&self, name: &str) -> io::Result<Key> {
        self.key(&PathBuf::from(format!("{}{name}", self.location())))
    }
}

async fn send(file: &mut File, parts: &mut WriteMultipart) -> io::Result<()> {
    loop {
        let mut part = Vec::new();
        file.by_ref().take(PART_BYTES).read_to_end(&mut part)?;
        if part.is_empty() {
            return Ok(());
        }
        parts.wait_for_capacity(PARTS_AT_ONCE).await.map_err(of_store)?;
        parts.put(PutPayload::from(part).into_iter().next().unwrap_or_default());
    }
}

/// An object that is read from its beginning to its end.
struct Whole {
    bucket: Bucket,
    key: Key,
    at: u64,
    length: u64,
    part: Bytes,
}

impl Read for Whole {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.part.is_empty() && self.at < self.length {
            let to = (self.at + PART_BYTES).min(self.length);
            let part = self.bucket.wait(self.bucket.store().get_range(&self.key, self.at..to)).map_err(of_store)?;
            // One that got shorter gives less without a word.
            if part.len() as u64 != to - self.at {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            self.at = to;
            self.part = part;
        }
        let count = self.part.len().min(into.len());
        self.part.split_to(count).copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
