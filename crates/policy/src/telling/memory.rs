//! What an endpoint found in the memory of a process.

use super::Program;
use model::Message;
use serde::{Deserialize, Serialize};

/// A region that can run and is in no file, or not as in its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointInMemory))]
pub struct InMemory {
    pub program: Program,
    /// Programs it comes from, the nearest first.
    #[serde(default)]
    pub ancestors: Vec<Program>,
    pub process: u32,
    pub origin: MemoryOrigin,
    /// The file behind it, or what a file that was only ever in memory is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// From where to where in the process, in hexadecimal digits.
    pub place: String,
    pub bytes: u64,
    pub write: bool,
    pub points: u32,
    pub reasons: Vec<MemoryReason>,
}

/// What stands behind a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemoryOrigin {
    Anonymous,
    Heap,
    Stack,
    /// A file that was only ever in memory.
    Memfd,
    /// A file that no longer has that name.
    Deleted,
    File,
    Kernel,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemoryReason {
    /// Below zero when it speaks for the region.
    pub points: i32,
    pub message: Message,
}
