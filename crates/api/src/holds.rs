//! Records of the lake that stay although they are old or too many.

use crate::state::App;
use lake::{Held, Table, View};
use store::{HeldMoment, Hold};

/// What stays because of some holds.
///
/// # Errors
///
/// When they cannot be read: nothing may go then, since nobody knows what is held.
pub async fn held(app: &App, holds: &[Hold]) -> Result<Held, store::Error> {
    let mut times = Vec::new();
    for hold in holds {
        let moments = app.store.held_moments(hold).await?;
        times.extend(moments.iter().map(time_of));
    }
    Ok(Held::of(times))
}

/// What stays because of all of them.
pub async fn all(app: &App) -> Result<Held, store::Error> {
    held(app, &app.store.holds().await?).await
}

/// A kind of record that is not known here holds all of its time.
fn time_of(moment: &HeldMoment) -> (Option<&'static Table>, i64, i64) {
    let table = moment.record.as_deref().and_then(Table::named);
    (table, moment.first.as_microsecond(), moment.last.as_microsecond())
}

/// Files that stay, and their bytes.
pub fn size(view: &View, held: &Held) -> (u64, u64) {
    let files = view.files().filter(|file| held.has(file));
    files.fold((0, 0), |(files, bytes), file| (files + 1, bytes + file.bytes_with_index()))
}
