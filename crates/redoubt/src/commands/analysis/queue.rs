//! The queue of a server, over its API.

use crate::remote::{Server, Trouble, answered, told};
use analysis::vault::in_memory;
use analysis::{CompiledRules, Opened, Queue, Standing, Task};
use api::wire::files::{AskForFiles, FileResult, FileRuleTexts, FilesToAnalyse, LeaseStanding, OfWorker};
use reqwest::Method;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// How long the server may wait for a file before it says that there is none.
const WAIT_SECONDS: u64 = 10;

pub struct Remote {
    server: Server,
    worker: String,
    rules: Arc<CompiledRules>,
}

impl Remote {
    pub fn new(server: Server, worker: &str, rules: CompiledRules) -> Remote {
        Remote { server, worker: worker.to_owned(), rules: Arc::new(rules) }
    }

    /// Asks without waiting, so that a wrong address or token is told at once.
    pub async fn greet(&self) -> anyhow::Result<()> {
        let tasks = self.ask(1, 0).await.map_err(|trouble| self.server.failure(&trouble))?;
        for task in tasks {
            self.give_back(&task).await.map_err(|trouble| self.server.failure(&trouble))?;
        }
        Ok(())
    }

    async fn ask(&self, most: u32, wait_seconds: u64) -> Result<Vec<Task>, Trouble> {
        let ask = AskForFiles { worker: self.worker.clone(), most, wait_seconds };
        Ok(told::<FilesToAnalyse>(self.server.post("files/tasks", &ask)).await?.tasks)
    }
}

fn path(task: &Task, what: &str) -> String {
    format!("files/tasks/{}/{}{what}", task.lease, task.sha256)
}

/// Work that takes long, where it keeps nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other).flatten().map_err(Trouble::Here)
}

impl Queue for Remote {
    type Error = Trouble;

    async fn lease(&self, most: u32) -> Result<Vec<Task>, Trouble> {
        self.ask(most, WAIT_SECONDS).await
    }

    async fn content(&self, task: &Task) -> Result<File, Trouble> {
        let mut response = answered(self.server.request(Method::GET, &path(task, ""))).await?;
        let mut file = in_memory(io::empty()).map_err(Trouble::Here)?;
        while let Some(portion) = response.chunk().await.map_err(Trouble::Unreached)? {
            file.write_all(&portion).map_err(Trouble::Here)?;
        }
        Ok(file)
    }

    /// Compiled for this machine: those that are here, or else from the sources that the server has.
    async fn rules(&self, digest: &str) -> Result<Option<PathBuf>, Trouble> {
        let (rules, wanted) = (self.rules.clone(), digest.to_owned());
        if let Some(kept) = blocking(move || Ok(rules.find(&wanted))).await? {
            return Ok(Some(kept));
        }
        let told: FileRuleTexts = told(self.server.request(Method::GET, "files/tasks/rules")).await?;
        if told.digest != digest {
            // They changed meanwhile: the next file asks for those.
            return Ok(None);
        }
        let (rules, wanted) = (self.rules.clone(), digest.to_owned());
        blocking(move || rules.compile(&wanted, told.texts.into_iter().collect()).map(Some)).await
    }

    async fn extend(&self, task: &Task) -> Result<Standing, Trouble> {
        let of = OfWorker { worker: self.worker.clone() };
        Ok(told::<LeaseStanding>(self.server.post(&path(task, "/extend"), &of)).await?.standing)
    }

    async fn finish(&self, task: &Task, opened: Opened) -> Result<Standing, Trouble> {
        let result = FileResult { worker: self.worker.clone(), opened };
        Ok(told::<LeaseStanding>(self.server.post(&path(task, "/result"), &result)).await?.standing)
    }

    async fn give_back(&self, task: &Task) -> Result<(), Trouble> {
        answered(self.server.request(Method::DELETE, &format!("files/tasks/{}", task.lease))).await.map(|_| ())
    }
}
