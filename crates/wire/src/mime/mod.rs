//! Mail (RFC 5322) and its parts (RFC 2045 to 2047, 2231), read line by line as it passes: nothing of a part is kept but
//! what its headers say. SMTP, POP3 and IMAP carry the same messages.

mod carried;
mod encoding;
mod header;
mod reader;
mod urls;

pub use carried::Carried;
pub use encoding::base64;
pub use reader::{Mail, Reader, Status, Step};

#[cfg(test)]
mod tests;
