//! Packed files in a bucket that several servers share: whichever of them took a file in, all of them have it.

use analysis::vault::{Packed, Shelf};
use std::io::{self, Read};

/// A folder of a bucket.
#[derive(Debug)]
pub struct InBucket {
    pub bucket: lake::Bucket,
    /// Begins the names of everything in it.
    pub folder: &'static str,
}

impl InBucket {
    fn named(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

impl Shelf for InBucket {
    fn put(&self, name: &str, mut packed: Packed) -> io::Result<()> {
        self.bucket.put_file(&self.named(name), packed.as_file_mut())
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.bucket.read_file(&self.named(name))?))
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        self.bucket.has_file(&self.named(name))
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        self.bucket.remove_file(&self.named(name))
    }
}
