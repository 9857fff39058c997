//! Files on this server: opened by workers of its own, beside those on other machines, and looked after.

mod lake;
mod local;
mod watched;

use crate::Config;
use ::lake::{Bucket, Unusable};
use analysis::{Crew, Setup, Worker};
use api::analysis as room;
use api::state::App;
use lake::Telling;
use local::Local;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks for files whose workers did not come back.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// Between two looks for files that the lake was not told of.
const TELL: Duration = Duration::from_secs(2);
/// Rows that are read at a time when the server begins.
const LIKENESSES: u32 = 5000;

/// The bucket that the bytes of files are in, if they are in one: what is asked for the first time is kept in the data
/// directory.
pub fn bucket(config: &Config) -> Result<Option<Bucket>, Unusable> {
    let (folder, settings) = (config.data_directory.join("files"), config.bucket_settings.clone());
    let Some(address) = &config.files else { return Bucket::of_lake(&folder, settings) };
    let has = || {
        let bytes = folder.join("bytes");
        let mut entries = std::fs::read_dir(&bytes).ok()?.filter_map(Result::ok);
        entries.any(|entry| entry.file_name() != "incoming").then_some(bytes)
    };
    Bucket::for_folder(&folder, address, settings, has).map(Some)
}

/// Opens the vaults. What cannot be opened now is told by whoever needs it.
pub fn open(app: &App) {
    let opened = crate::captures::sweep_carried(app)
        .and_then(|()| app.analysis.open(&app.place.data_directory, app.place.files_bucket.as_ref()));
    if let Err(error) = opened {
        tracing::error!(cause = %error, "the folder of files cannot be used");
    }
}

/// How this server opens files itself.
pub struct Opening {
    /// So many at a time.
    pub slots: usize,
    /// The model that tells types of text.
    pub model: Option<PathBuf>,
}

/// Works on files until the server goes down, and looks after those that others work on.
pub async fn run(app: App, opening: Opening, folders: Vec<PathBuf>, mut shutdown: watch::Receiver<bool>) {
    if let Some(model) = opening.model.clone() {
        know_model(&app, model).await;
    }
    let working = tokio::spawn(work(app.clone(), opening, shutdown.clone()));
    if let Err(error) = compare(&app).await {
        tracing::error!(cause = %error, "files are not compared with those from before");
    }
    let watching = tokio::spawn(watched::run(app.clone(), folders, shutdown.clone()));
    let telling = tokio::spawn(tell(app.clone(), shutdown.clone()));
    while !*shutdown.borrow() {
        if let Err(problem) = look_after(&app).await {
            tracing::error!(code = problem.message.code, "cannot look after files that are analysed");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AFTER) => {}
            _ = shutdown.changed() => {}
        }
    }
    for (task, broken) in
        [(telling, "files are not told to the lake any more"), (watching, "folders are not watched any more")]
    {
        if let Err(error) = task.await {
            tracing::error!(cause = %error, "{broken}");
        }
    }
    if let Err(error) = working.await {
        tracing::error!(cause = %error, "files are not analysed here any more");
    }
}

/// Which model tells types here: what was analysed with another one, or without, is outdated.
async fn know_model(app: &App, model: PathBuf) {
    match api::rooms::blocking(move || analysis::guesser::digest(&model)).await {
        Ok(Ok(digest)) => app.analysis.set_model(digest),
        // Whoever opens files says what is wrong with it.
        Ok(Err(error)) => tracing::warn!(cause = %error, "the model of types cannot be read"),
        Err(problem) => tracing::warn!(code = problem.message.code, "the model of types cannot be read"),
    }
}

async fn look_after(app: &App) -> Result<(), api::Problem> {
    room::look_after(app).await?;
    room::make_room(app).await.map(|_| ())
}

/// Tells the lake what was analysed; what cannot be told now is told later.
async fn tell(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut telling = Telling::default();
    while !*shutdown.borrow() {
        if let Err(error) = telling.tell(&app).await {
            tracing::error!(cause = %error, "files are not told to the lake; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(TELL) => {}
            _ = shutdown.changed() => {}
        }
    }
}

async fn work(app: App, opening: Opening, shutdown: watch::Receiver<bool>) {
    // Workers on other machines have them from here, also where this one opens no files.
    if let Err(problem) = api::file_rules::begin(&app).await {
        tracing::error!(code = problem.message.code, "files are matched with no rules");
    }
    let Opening { slots, model } = opening;
    if slots == 0 {
        return;
    }
    let crew = match crew(model) {
        Ok(crew) => Arc::new(crew),
        Err(error) => {
            tracing::error!(cause = %error, "files are not opened on this machine");
            app.analysis.set_trouble(Some(error.message()));
            return;
        }
    };
    let worker = Worker::new(Arc::new(Local::new(app)), crew);
    worker.run(slots, shutdown).await;
}

/// Processes that open files, if one can be had.
fn crew(model: Option<PathBuf>) -> Result<Crew, analysis::Error> {
    let program = analysis::program().ok_or(analysis::Error::Absent)?;
    let crew = Crew::new(program, Setup { rules: None, model });
    crew.try_out()?;
    Ok(crew)
}

/// What files are compared by, of those from before.
async fn compare(app: &App) -> Result<(), store::Error> {
    let mut after = 0;
    loop {
        let rows = app.store.files().likenesses(after, LIKENESSES).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for row in &rows {
            app.analysis.compare_by(&row.tlsh, row.id);
        }
    }
}
