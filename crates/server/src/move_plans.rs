//! Moves many plans: a job of a few hundred at a time, so that others write in between and a restart goes on.

use crate::jobs::{Stop, Work};
use api::Problem;
use api::moves::{self, Order};
use api::wire::jobs::Notice;
use api::wire::plans::Moved;
use model::Message;
use serde_json::{Value, json};

pub async fn run(work: &Work) -> Result<Value, Stop> {
    let app = &work.app;
    let order: Order = serde_json::from_value(work.job.params.clone()).map_err(Problem::internal)?;
    // After a restart those that moved are no longer among the chosen; those that stayed are asked again.
    let kept: Option<Moved> = work.job.checkpoint.clone().and_then(|kept| serde_json::from_value(kept).ok());
    let mut moved = Moved { moved: kept.map_or(0, |kept| kept.moved), ..Moved::default() };
    let plans = moves::chosen(app, &order).await?;
    let asked = moved.moved + plans.len() as u64;
    moved.asked = asked;
    for plans in plans.chunks(moves::AT_ONCE) {
        work.step(moved.moved + moved.refused, asked, Some(Message::new("api.job-move-plans"))).await?;
        let so_far = moved.clone();
        let reached = |now: u64| Some(work.reached(json!(Moved { moved: now, ..so_far })));
        moves::some(app, &order, plans, &mut moved, reached).await?;
    }
    let done =
        Message::new("api.moves-done").number("moved", moved.moved as i64).number("refused", moved.refused as i64);
    let refusals = moved.refusals.iter().map(|refusal| {
        Message::new("api.move-refused").with("host", &refusal.label).reason("why", refusal.why.clone())
    });
    work.log(&refusals.chain([done]).collect::<Vec<_>>()).await?;
    work.step(asked, asked, None).await?;
    app.notify(Notice::Hosts { changed: moved.moved });
    serde_json::to_value(&moved).map_err(|error| Problem::internal(error).into())
}
