//! Takes the result files that scripts wrote: a plan becomes verified, failed, rolled back, or waits to be verified.

use crate::Problem;
use crate::session::{Caller, digest_of, word};
use crate::state::App;
use crate::upload::SmallFile;
use crate::wire::jobs::Notice;
use crate::wire::plans::ResultOutcome;
use hardening::{ScriptResult, Verdict};
use model::{Message, PlanId, PlanState};
use serde_json::json;
use store::{NewResult, PlanMove, PlanRecord};

/// Reads one file; what is wrong with it is told in the outcome, so that the other files go on.
pub async fn take(app: &App, caller: &Caller, file: SmallFile) -> Result<ResultOutcome, Problem> {
    let result = match hardening::read_result(&file.bytes) {
        Ok(result) => result,
        Err(error) => {
            return Ok(refused(file.path, Message::new("api.result-unreadable").reason("cause", error.message())));
        }
    };
    let record = match app.store.plan(&PlanId(result.plan.clone())).await {
        Ok(record) if result.is_of(&record.plan) => record,
        Ok(_) => return Ok(refused(file.path, Message::new("api.result-no-plan").with("plan", &result.plan))),
        Err(error) if error.is_not_found() => {
            return Ok(refused(file.path, Message::new("api.result-no-plan").with("plan", &result.plan)));
        }
        Err(error) => return Err(error.into()),
    };
    let new = NewResult {
        plan: record.plan.clone(),
        host: record.host.clone(),
        kind: word(&result.mode),
        sha256: digest_of(&file.bytes),
        body: serde_json::to_value(&result).map_err(Problem::internal)?,
    };
    let detail = json!({ "verdict": result.verdict, "mode": result.mode, "computer": result.computer });
    let act = caller.act(app, "result.take", format!("plan:{}", record.plan), detail);
    let mut messages = Vec::new();
    if !app.store.store_result(&new, &act).await? {
        messages.push(Message::new("api.result-again"));
    }
    let state = follow(app, caller, &record, &result, &mut messages).await?;
    app.notify(Notice::Plans { plan: record.plan.to_string() });
    Ok(ResultOutcome {
        path: file.path,
        host: Some(record.host),
        plan: Some(record.plan),
        state: Some(state),
        messages,
    })
}

fn refused(path: String, message: Message) -> ResultOutcome {
    ResultOutcome { path, host: None, plan: None, state: None, messages: vec![message] }
}

/// Moves the plan where the result leads. A way that the board does not have is told and not taken.
async fn follow(
    app: &App,
    caller: &Caller,
    record: &PlanRecord,
    result: &ScriptResult,
    messages: &mut Vec<Message>,
) -> Result<PlanState, Problem> {
    messages.push(Message::new(format!("api.verdict-{}", word(&result.verdict))));
    if let Some(refusal) = &result.refusal {
        messages.push(Message::new("api.result-refusal").with("why", refusal));
    }
    let way: &[PlanState] = match (result.verdict, record.state) {
        (Verdict::Verified, PlanState::Verifying) => &[PlanState::Verified],
        (Verdict::Verified, PlanState::Running) => &[PlanState::Verifying, PlanState::Verified],
        (Verdict::Verified, PlanState::Failed) => &[PlanState::Running, PlanState::Verifying, PlanState::Verified],
        (Verdict::Done | Verdict::PendingReboot, PlanState::Running) => &[PlanState::Verifying],
        (Verdict::Failed | Verdict::Refused, PlanState::Running | PlanState::Verifying) => &[PlanState::Failed],
        (
            Verdict::Undone | Verdict::RolledBack,
            PlanState::Running | PlanState::Verifying | PlanState::Verified | PlanState::Failed,
        ) => &[PlanState::RolledBack],
        _ => &[],
    };
    if way.is_empty() {
        messages.push(Message::new("api.result-stays").with("state", word(&record.state)));
        return Ok(record.state);
    }
    let mut from = record.state;
    for to in way {
        let step = PlanMove {
            plan: record.plan.clone(),
            from,
            to: *to,
            due: None,
            note: format!("script result: {}", word(&result.verdict)),
            actor: caller.actor(),
        };
        let detail = json!({ "from": from, "to": to, "by": "script result" });
        let act = caller.act(app, "plan.move", format!("plan:{}", record.plan), detail);
        app.store.move_plan(&step, &act).await?;
        from = *to;
    }
    Ok(from)
}
