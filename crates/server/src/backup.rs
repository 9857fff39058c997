//! The backup job.

use crate::jobs::{Stop, Work};
use model::Message;
use serde_json::{Value, json};

pub async fn run(work: &Work) -> Result<Value, Stop> {
    let folder = work.app.place.data_directory.join("backups");
    let made = folder.clone();
    api::rooms::blocking(move || crate::files::private_folder(&made)).await?.map_err(api::Problem::internal)?;
    let now = work.app.now();
    let name = format!("redoubt-{}.backup", now.strftime("%Y%m%dT%H%M%SZ"));
    work.step(0, 1, Some(Message::new("api.job-backup"))).await?;
    let report = work.app.store.backup(&folder.join(&name), now).await?;
    work.step(1, 1, None).await?;
    Ok(json!({ "name": name, "rows": report.rows, "schema": report.schema }))
}
