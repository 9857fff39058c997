//! What files were before somebody changed them, so that it can be undone.
//!
//! Two things are kept in a folder on the filesystem of what is protected. Of every protected file a second link
//! ([`shadow`]), made ahead: what is unlinked, or over which another is moved, is still there. And of a file that is about
//! to be changed by somebody who is not trusted, what was in it ([`images`]), or what was in the parts of a large one that are
//! ([`ranges`]). What happened stands in a [`journal`], which is read again after a start, and is undone backwards
//! ([`restore`]). Where several changed the same file in turn, what was there first is handed on to the others ([`handing`]).

pub mod handing;
pub mod images;
pub mod journal;
pub mod ranges;
pub mod restore;
pub mod shadow;

pub use handing::hand_on;
pub use images::Images;
pub use journal::{Entry, Journal, PathBytes, Was, Written};
pub use ranges::Ranges;
pub use restore::{Others, Restored, restore};
pub use shadow::{Found, Shadow};
