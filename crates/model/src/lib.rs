//! The words of the house: what a host is, what hits it, and what is done about it.
//!
//! Types only. No IO, no async, and no text for people: a [`Message`] is a code with parameters, and the words for it
//! live in `locales/`. Everything here is plain data that serialises to the same JSON the API and the CLI show.

mod digest;
mod disposal;
mod exposure;
mod facts;
mod host;
mod ids;
mod message;
mod session;

pub use digest::{BadDigest, Digest};
pub use disposal::{
    Action, ActionKind, Decision, Disposal, HostPlan, PlanState, Situation, Step, Timeline, Urgency, UrgencyBasis,
};
pub use exposure::{
    BaseGap, BaseStep, Confidence, CveGroup, Exposure, ExposureState, HostExposure, OpenCve, PatchState, Reach,
    Severity,
};
pub use facts::{
    Arch, Business, Family, HostFacts, ImplantSign, OsBasis, OsFacts, Port, PortState, PortStatus, Role, ScannerItem,
    ServiceState, Software, Transport, UpdateList,
};
pub use host::{Conflict, Host, Observation, Oddity, Source, SourceKind};
pub use ids::{BadId, CveId, HostId, KbId, PlanId, WeaponId};
pub use message::{Message, Param};
pub use session::{Finding, FindingOutcome, Notable, NotableKind, Payload, SessionRecord};
