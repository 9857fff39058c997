//! One question, answered by a cluster; to whoever asks it is as `redoubt-query`.

use crate::beside::{self, Beside};
use crate::client::Trouble;
use crate::peers::Peers;
use crate::shared::Shared;
use crate::{apart, course, failed, session, store};
use ballista_core::optimizer::NotInSubqueryRewrite;
use datafusion::common::DataFusionError;
use engine::ask::{ASKED, Question};
use engine::confine::Reach;
use engine::refusal;
use engine::tables::{LakeTable, Place};
use futures_util::{FutureExt, TryFutureExt};
use lake::View;
use model::Message;
use query::{Asked, Done, Limits, Progress, Told};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// A question is cut into so many parts, which executors take as they have cores.
const PARTS: usize = 8;

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
    if !lake::Bucket::has_tables_of(&asked.lake) {
        let beside = asked.lake.join(ASKED);
        query::own_folder(&beside).map_err(|error| beside::unwritable(&beside, &error))?;
    }
    engine::confine::confine(asked, Reach::Machines)
}

async fn answer(asked: Asked) -> Result<Done, Message> {
    let folder = asked.lake.canonicalize().unwrap_or_else(|_| asked.lake.clone());
    let shared = Shared::of(&folder, engine::ask::bucket_of(&asked)?);
    let view = engine::ask::look(&asked).await?;
    let mut beside = Beside::new(&shared).await?;
    let answered = answer_over(&asked, &shared, view, &mut beside).await;
    beside.remove().await;
    answered
}

async fn answer_over(asked: &Asked, shared: &Shared, view: View, beside: &mut Beside) -> Result<Done, Message> {
    let refused = |error: DataFusionError| refusal::of(&error, &asked.limits);
    let cluster = asked.cluster.clone().ok_or_else(|| Message::new("query.cluster-unnamed"))?;
    let peers = Peers::open(cluster.certificates.as_deref())?;
    let url = session::store_url().map_err(refused)?;
    let parts = Asked { limits: Limits { threads: PARTS, ..asked.limits }, ..asked.clone() };
    let context = engine::ask::context(&parts, session::config(&peers), vec![Arc::new(NotInSubqueryRewrite::new())])
        .map_err(refused)?;
    context.register_object_store(url.as_ref(), store::open(shared).map_err(refused)?);
    let place = Place::Below { folder: shared.root().to_owned(), store: url };
    let mut tables = Vec::new();
    for table in &lake::TABLES {
        let table = LakeTable::of(&view, table, place.clone()).map_err(refused)?;
        tables.push(beside.with_waiting(table).await?);
    }
    drop(view);
    if let Some(tables) = &asked.tables {
        beside.copy(tables).await?;
    }
    let copied = |path: &Path| place.location(&beside.copied(path)?).ok();
    let location = |path: &Path| Some(format!("{}{}", session::STORE, copied(path)?));
    let question = Question::plan(asked, &context, tables, asked.tables.as_deref(), location).await?;
    let plan = apart::sound(question.plan.clone()).map_err(|error| failed("query.cluster-plan")(&error))?;

    let take = |rows| {
        let question = &question;
        let done = async move { question.write(asked, rows, Progress::default).await };
        done.map_err(|why| match course::lost(&why) {
            Some(cause) => Trouble::Broke(cause),
            None => Trouble::Refused(why),
        })
        .boxed()
    };
    course::run(&cluster, &peers, &plan, &context.copied_config(), &asked.limits, take).await
}
