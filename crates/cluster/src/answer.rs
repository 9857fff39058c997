//! One question, answered by a cluster; to whoever asks it is as `redoubt-query`.

use crate::client::Trouble;
use crate::peers::Peers;
use crate::{apart, course, failed, session};
use ballista_core::optimizer::NotInSubqueryRewrite;
use datafusion::common::DataFusionError;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::parquet::arrow::ArrowWriter;
use engine::ask::{ASKED, Question};
use engine::confine::Reach;
use engine::refusal;
use engine::tables::{LakeTable, Place};
use futures_util::{FutureExt, TryFutureExt};
use model::Message;
use query::{Asked, Done, Limits, Progress, Told};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A question is cut into so many parts, which executors take as they have cores.
const PARTS: usize = 8;
/// What questions left behind that ended by force goes after so long.
const LEFT: Duration = Duration::from_hours(24);

pub fn serve() -> ExitCode {
    engine::serve("redoubt-cluster", course::let_go, |asked| {
        let told = match prepare(&asked) {
            Ok(()) => engine::ask::run(asked, answer),
            Err(why) => Told::Refused(why),
        };
        // Its time may have been over while it ran.
        course::let_go();
        told
    })
}

fn prepare(asked: &Asked) -> Result<(), Message> {
    let beside = asked.lake.join(ASKED);
    query::own_folder(&beside).map_err(|error| unwritable(&beside, &error))?;
    engine::confine::confine(asked, Reach::Machines)
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Message {
    Message::new("query.folder").with("path", path.display()).with("cause", error)
}

async fn answer(asked: Asked) -> Result<Done, Message> {
    let refused = |error: DataFusionError| refusal::of(&error, &asked.limits);
    let cluster = asked.cluster.clone().ok_or_else(|| Message::new("query.cluster-unnamed"))?;
    if engine::ask::bucket_of(&asked)?.is_some() {
        return Err(Message::new("query.cluster-bucket"));
    }
    let peers = Peers::open(cluster.certificates.as_deref())?;
    let folder = asked.lake.canonicalize().unwrap_or_else(|_| asked.lake.clone());
    let view = engine::ask::look(&asked).await?;
    let beside = Beside::new(&folder)?;
    let store = session::store_url().map_err(refused)?;
    let files = LocalFileSystem::new_with_prefix(&folder).map_err(|error| refused(error.into()))?;
    let parts = Asked { limits: Limits { threads: PARTS, ..asked.limits }, ..asked.clone() };
    let context = engine::ask::context(&parts, session::config(&peers), vec![Arc::new(NotInSubqueryRewrite::new())])
        .map_err(refused)?;
    context.register_object_store(store.as_ref(), Arc::new(files));
    let place = Place::Below { folder: folder.clone(), store };
    let mut tables = Vec::new();
    for table in &lake::TABLES {
        let table = LakeTable::of(&view, table, place.clone()).map_err(refused)?;
        tables.push(beside.with_waiting(table)?);
    }
    drop(view);
    let further = asked.tables.as_deref().map(|tables| beside.copied(tables)).transpose()?;
    let location = |path: &Path| Some(format!("{}{}", session::STORE, place.location(path).ok()?));
    let question = Question::plan(&asked, &context, tables, further.as_deref(), location).await?;
    let plan = apart::sound(question.plan.clone()).map_err(|error| failed("query.cluster-plan")(&error))?;

    let take = |rows| {
        let (question, asked) = (&question, &asked);
        let done = async move { question.write(asked, rows, Progress::default).await };
        done.map_err(|why| match course::lost(&why) {
            Some(cause) => Trouble::Broke(cause),
            None => Trouble::Refused(why),
        })
        .boxed()
    };
    course::run(&cluster, &peers, &plan, &context.copied_config(), &asked.limits, take).await
}

/// A folder of the lake with what executors read for this question only; it goes when the question is over.
pub struct Beside(PathBuf);

impl Beside {
    pub fn new(lake: &Path) -> Result<Beside, Message> {
        let all = lake.join(ASKED);
        let old = |entry: &std::fs::DirEntry| {
            entry.metadata().and_then(|of| of.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT))
        };
        for left in std::fs::read_dir(&all).into_iter().flatten().flatten().filter(old) {
            let _ = std::fs::remove_dir_all(left.path());
        }
        let folder = all.join(uuid::Uuid::new_v4().to_string());
        query::own_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(Beside(folder))
    }

    /// Writes the rows of a table that are in no file, so that others can read them.
    fn with_waiting(&self, table: LakeTable) -> Result<LakeTable, Message> {
        let Some(first) = table.waiting().first() else { return Ok(table) };
        let path = self.0.join(format!("waiting-{}.parquet", table.name()));
        let failed = |error: &dyn std::fmt::Display| unwritable(&path, error);
        let file = std::fs::File::create(&path).map_err(|error| failed(&error))?;
        let mut writer = ArrowWriter::try_new(file, first.schema(), None).map_err(|error| failed(&error))?;
        for rows in table.waiting() {
            writer.write(rows).map_err(|error| failed(&error))?;
        }
        writer.close().map_err(|error| failed(&error))?;
        let bytes = std::fs::metadata(&path).map_err(|error| failed(&error))?.len();
        Ok(table.with_waiting_in(path, bytes))
    }

    /// Copies tables that lie beside the lake.
    fn copied(&self, tables: &Path) -> Result<PathBuf, Message> {
        let folder = self.0.join("tables");
        let failed = |error: std::io::Error| unwritable(&folder, &error);
        query::own_folder(&folder).map_err(failed)?;
        for table in std::fs::read_dir(tables).map_err(failed)? {
            let table = table.map_err(failed)?;
            std::fs::copy(table.path(), folder.join(table.file_name())).map_err(failed)?;
        }
        Ok(folder)
    }
}

impl Beside {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
