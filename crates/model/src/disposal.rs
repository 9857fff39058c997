//! What to do about a host: the decision for each weapon, and the one ordered plan that carries them all out.

use crate::{HostId, KbId, Message, PlanId, Port, WeaponId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The plan of one host: one list of steps for all its weapons, in the order they are done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostPlan {
    pub id: PlanId,
    pub host: HostId,
    /// The day the plan was judged for; the same facts and knowledge give the same plan for the same day.
    pub day: Date,
    pub disposals: Vec<Disposal>,
    pub steps: Vec<Step>,
    pub urgency: Urgency,
}

/// The way one weapon went through the flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Disposal {
    pub weapon: WeaponId,
    /// The nodes passed, in order; the console shows them as breadcrumbs.
    pub path: Vec<Decision>,
    pub actions: Vec<Action>,
    pub urgency: Urgency,
    /// Which of the three hard situations this is, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<Situation>,
}

/// One node of the flow: what was asked, what the answer was, on what evidence, and what would change it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// Id of the node: `facts-known`, `affected`, `implant`, `reach`, `official-fix`, `base-present`,
    /// `port-needed`, `service-needed`, `shield`, `roll-back`.
    pub node: String,
    pub answer: Message,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Message>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_change: Vec<Message>,
}

/// One thing to do, for one weapon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Action {
    pub kind: ActionKind,
    /// Ids in the knowledge: the control (`block-port`), the base patch step, the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Updates, any one of which will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<KbId>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ports: BTreeSet<Port>,
    /// Windows service short names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<String>,
    /// Undone once the fix is verified.
    pub temporary: bool,
    pub reboot: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<Date>,
    pub why: Vec<Message>,
}

/// In the order the steps of a plan are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    NothingToDo,
    /// Before anything is asked of the host: an implant is cut off first, examined after.
    Isolate,
    CollectFacts,
    BlockPort,
    DisableService,
    DisableFeature,
    Shield,
    DetectOutside,
    BasePatch,
    KeyPatch,
    UpgradeApplication,
    UpgradeSystem,
    ReplaceSystem,
    Examine,
    Verify,
    RollBack,
}

/// One step of a host's plan, with every weapon it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// 1-based.
    pub number: u32,
    #[serde(flatten)]
    pub action: Action,
    pub weapons: Vec<WeaponId>,
}

/// The three situations of the report that patches alone cannot solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Situation {
    SupportEnded,
    PortIsBusiness,
    PatchConflicts,
}

/// How soon. Says nothing about what to do: the flow says that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Urgency {
    pub timeline: Timeline,
    pub basis: UrgencyBasis,
}

/// The outcomes of the BOD 26-04 table, most urgent first; `Now` is for an implant, `None` for nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Timeline {
    Now,
    ThreeDaysForensics,
    ThreeDays,
    FourteenDays,
    SixtyDays,
    NextUpgrade,
    None,
}

/// The four answers that lead to a row of the table, and whether each was known or assumed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UrgencyBasis {
    pub kev: bool,
    pub exposed: bool,
    pub exposed_assumed: bool,
    pub automatable: bool,
    pub total_impact: bool,
}

impl UrgencyBasis {
    /// The answers that led to the row of the table, as codes.
    pub fn told(&self) -> Vec<crate::Message> {
        let exploited = if self.kev { "disposal.basis.kev" } else { "disposal.basis.not-kev" };
        let exposed = match (self.exposed_assumed, self.exposed) {
            (true, _) => "disposal.basis.exposed-assumed",
            (false, true) => "disposal.basis.exposed",
            (false, false) => "disposal.basis.not-exposed",
        };
        let automatable = self.automatable.then_some("disposal.basis.automatable");
        let total = self.total_impact.then_some("disposal.basis.total-impact");
        let codes = [Some(exploited), Some(exposed), automatable, total];
        codes.into_iter().flatten().map(crate::Message::new).collect()
    }
}

/// Where a plan stands: 待评估 待审批 执行中 待验证 已验证 已回退 例外.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    Draft,
    Approval,
    Running,
    Verifying,
    Verified,
    RolledBack,
    Exception,
    Failed,
}
