//! Records as columns. Each kind of record has one table of columns, from which both its schema and its rows are made;
//! names and units are those of the types in `model`.
//!
//! Integers are signed, times are microseconds since 1970 in UTC, and what is not known is null: readers of other tools
//! and tables that know no unsigned types take them as they are.

mod activity;
mod analysed;
mod asset;
mod column;
mod file;
mod finding;
mod notable;
pub mod read;
mod session;

pub use activity::{ACTIVITIES, Activity};
pub use analysed::{AnalysedPart, FILE_VECTORS, FILES, FileVector};
pub use asset::{ASSET_ADDRESSES, ASSETS, Asset, AssetAddress, AssetExposure, EXPOSURES};
pub use column::{Batch, Kind};
pub use file::{Error, Kept, Writer};
pub use finding::FINDINGS;
pub use notable::NOTABLES;
pub use session::{Observed, SESSIONS, SessionRow};
