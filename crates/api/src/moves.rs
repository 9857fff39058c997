//! Moving many plans at once: each by itself, each in the audit log, and told plan by plan where one stays.

use crate::Problem;
use crate::rollouts::Gate;
use crate::session::with_address;
use crate::state::App;
use crate::wire::plans::{Moved, Refusal};
use jiff::{Timestamp, civil::Date};
use model::{HostId, PlanId, PlanState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use store::{AssetFilter, AuditEntry, Checkpoint, PlanMove, PlanToMove};

/// Plans moved in one transaction; others write in between.
pub const AT_ONCE: usize = 200;
/// Refusals that are told one by one; all are counted.
const REFUSALS_TOLD: usize = 200;

/// What somebody asked for, as a job keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    pub from: PlanState,
    pub to: PlanState,
    pub note: String,
    pub until: Option<Date>,
    pub actor: String,
    /// Where the request came from.
    pub address: String,
    pub asked_at: Timestamp,
    pub chosen: Chosen,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    Plans(Vec<PlanId>),
    Filter(Box<AssetFilter>),
}

/// The plans that are meant. One that left the state meanwhile, or came into it later, is not among those of a filter.
pub async fn chosen(app: &App, order: &Order) -> Result<Vec<PlanToMove>, Problem> {
    Ok(match &order.chosen {
        Chosen::Plans(plans) => app.store.plans_by_id(plans).await?,
        Chosen::Filter(filter) => app.store.plans_to_move(filter, order.from, order.asked_at).await?,
    })
}

/// Moves some of them and adds to what became of all. `reached` is asked where a job then stands.
pub async fn some(
    app: &App,
    order: &Order,
    plans: &[PlanToMove],
    so_far: &mut Moved,
    reached: impl FnOnce(u64) -> Option<Checkpoint>,
) -> Result<(), Problem> {
    let held = held(app, order, plans).await?;
    let (stay, go): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| held.contains_key(&plan.host));
    for plan in stay {
        so_far.refuse(plan, held[&plan.host].clone());
    }
    let steps: Vec<_> = go.iter().map(|plan| (step(order, &plan.plan), entry(order, &plan.plan))).collect();
    let before = so_far.moved;
    let outcomes = app.store.move_each(&steps, app.now(), |moved| reached(before + moved)).await?;
    for (plan, outcome) in go.into_iter().zip(outcomes) {
        match outcome {
            Ok(_) => so_far.moved += 1,
            Err(error) => so_far.refuse(plan, error.message()),
        }
    }
    Ok(())
}

/// Approving waits for the ring of the host; everything else is free to go.
async fn held(app: &App, order: &Order, plans: &[PlanToMove]) -> Result<BTreeMap<HostId, model::Message>, Problem> {
    if order.to != PlanState::Running {
        return Ok(BTreeMap::new());
    }
    let hosts: Vec<HostId> = plans.iter().map(|plan| plan.host.clone()).collect();
    Gate::now(app).await?.held(app, &hosts).await
}

impl Moved {
    fn refuse(&mut self, plan: &PlanToMove, why: model::Message) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_TOLD {
            let PlanToMove { plan, host, label } = plan.clone();
            self.refusals.push(Refusal { plan, host, label, why });
        }
    }
}

fn step(order: &Order, plan: &PlanId) -> PlanMove {
    PlanMove {
        plan: plan.clone(),
        from: order.from,
        to: order.to,
        due: order.until,
        note: order.note.clone(),
        actor: order.actor.clone(),
    }
}

fn entry(order: &Order, plan: &PlanId) -> AuditEntry {
    let detail = json!({ "from": order.from, "to": order.to, "until": order.until, "note": order.note, "many": true });
    AuditEntry {
        actor: order.actor.clone(),
        action: "plan.move".to_owned(),
        object: format!("plan:{plan}"),
        params: with_address(detail, &order.address),
    }
}
