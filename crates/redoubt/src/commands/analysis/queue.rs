//! The queue of a server, over its API.

use crate::remote::{Server, Trouble, answered, told};
use analysis::vault::in_memory;
use analysis::{Opened, Queue, Standing, Task};
use api::wire::files::{AskForFiles, FileResult, FileRuleTexts, FilesToAnalyse, LeaseStanding, OfWorker};
use reqwest::Method;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How long the server may wait for a file before it says that there is none.
const WAIT_SECONDS: u64 = 10;

pub struct Remote {
    server: Server,
    worker: String,
    /// Of rules that were compiled here.
    folder: tempfile::TempDir,
}

impl Remote {
    pub fn new(server: Server, worker: &str) -> std::io::Result<Remote> {
        Ok(Remote { server, worker: worker.to_owned(), folder: tempfile::tempdir()? })
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

impl Queue for Remote {
    type Error = Trouble;

    async fn lease(&self, most: u32) -> Result<Vec<Task>, Trouble> {
        self.ask(most, WAIT_SECONDS).await
    }

    async fn content(&self, task: &Task) -> Result<File, Trouble> {
        let mut response = answered(self.server.request(Method::GET, &path(task, ""))).await?;
        let mut file = in_memory(std::io::empty()).map_err(Trouble::Here)?;
        while let Some(portion) = response.chunk().await.map_err(Trouble::Unreached)? {
            file.write_all(&portion).map_err(Trouble::Here)?;
        }
        Ok(file)
    }

    /// Compiled for this machine, from the sources that the server has.
    async fn rules(&self, digest: &str) -> Result<Option<PathBuf>, Trouble> {
        let told: FileRuleTexts = told(self.server.request(Method::GET, "files/tasks/rules")).await?;
        if told.digest != digest {
            // They changed meanwhile: the next file asks for those.
            return Ok(None);
        }
        let into = self.folder.path().join(format!("{digest}.rules"));
        let (sources, compiled) = (self.folder.path().join("sources"), into.clone());
        let compiling = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            let _ = std::fs::remove_dir_all(&sources);
            std::fs::create_dir(&sources)?;
            for (name, text) in told.texts {
                // The server's names are names; what would be a path is none of them.
                let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
                std::fs::write(sources.join(name), text)?;
            }
            let program = analysis::program().ok_or(std::io::ErrorKind::NotFound)?;
            let failed = |why: model::Message| std::io::Error::other(words::text(&why, words::Language::En));
            analysis::rules::compile(&program, &sources, &compiled).map(|_| ()).map_err(failed)
        });
        compiling.await.map_err(std::io::Error::other).flatten().map_err(Trouble::Here)?;
        Ok(Some(into))
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
