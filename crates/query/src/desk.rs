//! Questions that were asked: a few are worked on at a time, and their answers stay for a while.

use crate::{Asked, Cluster, Done, Limits, Progress, SQL_BYTES_MAX, Told, Worker, cluster_program, program};
use model::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};

/// What a desk may take.
#[derive(Debug, Clone)]
pub struct DeskOptions {
    pub limits: Limits,
    /// Who answers, when it is not this machine.
    pub cluster: Option<Cluster>,
    /// Where the storage of a lake in a bucket is and who asks.
    pub bucket_settings: Vec<(String, String)>,
    /// Questions that are worked on at a time, and those that may wait.
    pub at_once: usize,
    pub waiting: usize,
    /// Answers that stay, and for how long.
    pub kept: usize,
    pub kept_for: Duration,
}

impl Default for DeskOptions {
    fn default() -> Self {
        DeskOptions {
            limits: Limits::default(),
            cluster: None,
            bucket_settings: Vec::new(),
            at_once: 2,
            waiting: 16,
            kept: 32,
            kept_for: Duration::from_hours(1),
        }
    }
}

/// Takes questions. Answers lie in its folder, which is emptied before the first one.
pub struct Desk {
    folder: PathBuf,
    lake: PathBuf,
    options: DeskOptions,
    slots: Arc<Semaphore>,
    questions: Mutex<Questions>,
}

#[derive(Default)]
struct Questions {
    last: u64,
    all: BTreeMap<u64, Arc<Question>>,
}

/// A question and how far it is.
pub struct Question {
    pub id: u64,
    pub sql: String,
    pub owner: String,
    pub asked: jiff::Timestamp,
    folder: PathBuf,
    course: Mutex<Course>,
    stop: Notify,
}

struct Course {
    state: State,
    begun: Instant,
    /// Since when it is over.
    over: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Others are worked on.
    Waiting,
    Running(Progress),
    Done(Done),
    /// It was refused or went wrong.
    Failed(Message),
    Stopped,
}

impl State {
    pub fn is_over(&self) -> bool {
        !matches!(self, State::Waiting | State::Running(_))
    }
}

impl Question {
    pub fn state(&self) -> State {
        lock_of(&self.course).state.clone()
    }

    /// How long it took, or takes so far, from when it was asked.
    pub fn took(&self) -> Duration {
        let course = lock_of(&self.course);
        course.over.unwrap_or_else(Instant::now) - course.begun
    }

    /// The file of its rows ([`crate::Rows`]), once it is answered.
    pub fn rows(&self) -> PathBuf {
        rows_in(&self.folder)
    }

    /// Gives it up. What it found so far is not kept.
    pub fn stop(&self) {
        self.put(State::Stopped);
        self.stop.notify_one();
    }

    /// The first end it came to stays.
    fn put(&self, state: State) {
        let mut course = lock_of(&self.course);
        if course.over.is_none() {
            course.over = state.is_over().then(Instant::now);
            course.state = state;
        }
    }

    fn over_for(&self) -> Option<Duration> {
        lock_of(&self.course).over.map(|over| over.elapsed())
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Desk {
    /// A desk with its folder, and where the lake is. Nothing is touched until somebody asks: another process may have the
    /// data of a server that runs.
    pub fn new(folder: PathBuf, lake: PathBuf, options: DeskOptions) -> Desk {
        let slots = Arc::new(Semaphore::new(options.at_once));
        Desk { folder, lake, options, slots, questions: Mutex::default() }
    }

    pub fn limits(&self) -> Limits {
        self.options.limits
    }

    /// The program that answers, if it is there.
    pub fn program(&self) -> Option<PathBuf> {
        if self.options.cluster.is_some() { cluster_program() } else { program() }
    }

    /// Takes a question. `tables` is a folder of further tables ([`Asked::tables`]).
    pub fn ask(&self, sql: String, owner: &str, tables: Option<PathBuf>) -> Result<Arc<Question>, Message> {
        if sql.len() > SQL_BYTES_MAX {
            return Err(Message::new("query.too-long").number("kib", (SQL_BYTES_MAX >> 10) as i64));
        }
        let program = self.program().ok_or_else(|| Message::new("query.absent"))?;
        let question = self.add(sql, owner)?;
        let tables = tables.map(|tables| own(&tables, &question.folder)).transpose().map_err(|error| {
            question.put(State::Stopped);
            Message::new("query.folder").with("path", question.folder.display()).reason("cause", &error)
        })?;
        let asked = Asked {
            sql: question.sql.clone(),
            lake: self.lake.clone(),
            tables,
            folder: question.folder.clone(),
            limits: self.options.limits,
            cluster: self.options.cluster.clone(),
            bucket_settings: self.options.bucket_settings.clone(),
        };
        let (slots, answering) = (self.slots.clone(), question.clone());
        tokio::spawn(async move {
            let answered = answer(&program, &asked, &slots, &answering);
            tokio::select! {
                () = answered => {}
                () = answering.stop.notified() => {}
            }
        });
        Ok(question)
    }

    /// A question that somebody asked, or none when it was not this one or is kept no longer.
    pub fn question(&self, id: u64, owner: &str) -> Option<Arc<Question>> {
        self.let_go();
        lock_of(&self.questions).all.get(&id).filter(|question| question.owner == owner).cloned()
    }

    /// What somebody asked, the newest first.
    pub fn questions(&self, owner: &str) -> Vec<Arc<Question>> {
        self.let_go();
        let questions = lock_of(&self.questions);
        questions.all.values().rev().filter(|question| question.owner == owner).cloned().collect()
    }

    /// Gives a question up and lets go of its answer.
    pub fn remove(&self, id: u64, owner: &str) -> bool {
        let mut questions = lock_of(&self.questions);
        match questions.all.get(&id) {
            Some(question) if question.owner == owner => question.stop(),
            _ => return false,
        }
        questions.all.remove(&id).is_some()
    }

    fn add(&self, sql: String, owner: &str) -> Result<Arc<Question>, Message> {
        self.let_go();
        let mut questions = lock_of(&self.questions);
        let open = questions.all.values().filter(|question| question.over_for().is_none()).count();
        if open >= self.options.at_once + self.options.waiting {
            return Err(Message::new("query.busy").number("count", open as i64));
        }
        if questions.last == 0 {
            let _ = std::fs::remove_dir_all(&self.folder);
            // No number is given twice, also by the server that comes after this one: a page may still show the old answer.
            questions.last = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        }
        questions.last += 1;
        let id = questions.last;
        let folder = self.folder.join(id.to_string());
        own_folder(&folder)
            .map_err(|error| Message::new("query.folder").with("path", folder.display()).reason("cause", &error))?;
        let question = Arc::new(Question {
            id,
            sql,
            owner: owner.to_owned(),
            asked: jiff::Timestamp::now(),
            folder,
            course: Mutex::new(Course { state: State::Waiting, begun: Instant::now(), over: None }),
            stop: Notify::new(),
        });
        questions.all.insert(id, question.clone());
        Ok(question)
    }

    /// Lets go of answers that nobody may want any more: the old ones, and the oldest of too many.
    fn let_go(&self) {
        let mut questions = lock_of(&self.questions);
        questions.all.retain(|_, question| question.over_for().is_none_or(|over| over < self.options.kept_for));
        let over: Vec<u64> =
            questions.all.iter().filter(|(_, question)| question.over_for().is_some()).map(|(id, _)| *id).collect();
        for id in over.iter().take(over.len().saturating_sub(self.options.kept)) {
            questions.all.remove(id);
        }
    }
}

/// A folder that nobody else on the machine looks into.
pub fn own_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The further tables as the question's own: they stay as long as it does, however long it waits, whatever becomes of
/// those that they are.
fn own(tables: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    let own = folder.join("tables");
    std::fs::create_dir(&own)?;
    for table in std::fs::read_dir(tables)? {
        let table = table?;
        std::fs::hard_link(table.path(), own.join(table.file_name()))?;
    }
    Ok(own)
}

async fn answer(program: &Path, asked: &Asked, slots: &Semaphore, question: &Question) {
    let Ok(_slot) = slots.acquire().await else { return };
    question.put(State::Running(Progress::default()));
    let mut worker = match Worker::start(program, asked).await {
        Ok(worker) => worker,
        Err(why) => return question.put(State::Failed(why)),
    };
    loop {
        match worker.next().await {
            Told::Progress(progress) => question.put(State::Running(progress)),
            Told::Done(done) => return question.put(State::Done(done)),
            Told::Refused(why) => return question.put(State::Failed(why)),
        }
    }
}

/// Where a worker puts its rows.
pub fn rows_in(folder: &Path) -> PathBuf {
    folder.join("rows.arrow")
}

fn lock_of<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
