//! `redoubt backup FILE` and `redoubt restore FILE`: the server's data in one portable file, for either database.

use super::open;
use crate::args::{Backup, Restore};
use crate::output::{Exit, Output, printable};
use model::Message;
use std::io::Write;

pub fn backup(task: Backup, output: &Output) -> anyhow::Result<Exit> {
    open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        app.store.backup(&task.file, app.now()).await?;
        app.store.close().await;
        anyhow::Ok(())
    })?;
    say(Message::new("cli.backup-done").with("path", task.file.display()), output)
}

pub fn restore(task: Restore, output: &Output) -> anyhow::Result<Exit> {
    let data = open::data_directory(&task.place)?;
    // A pipe would never end; and a name that is wrong must not leave a new data directory behind.
    drop(open::regular(&task.file)?);
    open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        app.store.restore(&task.file, app.now()).await?;
        app.store.close().await;
        anyhow::Ok(())
    })?;
    say(Message::new("cli.restore-done").with("path", task.file.display()).with("data", data.display()), output)
}

fn say(message: Message, output: &Output) -> anyhow::Result<Exit> {
    let mut out = output.stdout();
    writeln!(out, "{}", printable(&output.text(&message)))?;
    out.flush()?;
    Ok(Exit::Done)
}
