//! The queue of files as a worker of this server sees it.

use analysis::{Opened, Queue, Standing, Task};
use api::analysis as room;
use api::state::App;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// So long a worker waits for a file before it looks whether it should stop.
const WAIT: Duration = Duration::from_secs(5);

pub struct Local {
    app: App,
    name: String,
}

/// A problem, for the log.
#[derive(Debug)]
pub struct Failed(api::Problem);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words::text(&self.0.message, words::Language::En))
    }
}

impl Local {
    pub fn new(app: App) -> Local {
        let name = if app.place.name.is_empty() { "server".to_owned() } else { app.place.name.clone() };
        Local { app, name }
    }
}

impl Queue for Local {
    type Error = Failed;

    async fn lease(&self, most: u32) -> Result<Vec<Task>, Failed> {
        room::lease(&self.app, &self.name, most, WAIT).await.map_err(Failed)
    }

    async fn content(&self, task: &Task) -> Result<File, Failed> {
        room::content(&self.app, &task.lease, &task.sha256).await.map_err(Failed)
    }

    async fn rules(&self, digest: &str) -> Result<Option<PathBuf>, Failed> {
        Ok(api::file_rules::compiled(&self.app, digest))
    }

    async fn extend(&self, task: &Task) -> Result<Standing, Failed> {
        room::extend(&self.app, &self.name, &task.lease, &task.sha256).await.map_err(Failed)
    }

    async fn finish(&self, task: &Task, opened: Opened) -> Result<Standing, Failed> {
        room::finish(&self.app, &self.name, &task.lease, &task.sha256, opened).await.map_err(Failed)
    }

    async fn give_back(&self, task: &Task) -> Result<(), Failed> {
        self.app.store.files().give_back(&task.lease).await.map(|_| ()).map_err(|error| Failed(error.into()))
    }
}
