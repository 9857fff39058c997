//! Weapons that need a domain controller: elsewhere they do not hit, whatever the patch state.

use crate::context::Context;
use model::{ExposureState, Message, Role};

/// What the role makes of a state, and the sentence for it.
pub fn weigh(context: &Context<'_>, state: ExposureState) -> (ExposureState, Message) {
    match context.facts.os.role {
        Some(role) if role.is_domain_controller() => (state, said(role)),
        Some(role) if context.proves() => (ExposureState::NotAffected, said(role)),
        Some(role) => (unproven(state), said(role)),
        None if context.resolution.foreign || context.is_client() => {
            (ExposureState::NotAffected, Message::new("exposure.role-client-system"))
        }
        None => (unproven(state), Message::new("exposure.role-unknown")),
    }
}

/// Open only if it is a domain controller, which nobody said; what is safe either way stays safe.
fn unproven(state: ExposureState) -> ExposureState {
    if state == ExposureState::Open { ExposureState::Unknown } else { state }
}

fn said(role: Role) -> Message {
    Message::new(match role {
        Role::PrimaryDomainController => "exposure.role-primary-dc",
        Role::BackupDomainController => "exposure.role-backup-dc",
        Role::MemberServer => "exposure.role-member-server",
        Role::StandaloneServer => "exposure.role-standalone-server",
        Role::MemberWorkstation => "exposure.role-member-workstation",
        Role::StandaloneWorkstation => "exposure.role-standalone-workstation",
    })
}
