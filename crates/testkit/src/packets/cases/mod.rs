//! The cases, weapon by weapon.

mod calls;
mod mail_and_web;
mod remote_desktop;
mod tickets;
mod transactions;

use super::{Case, Conversation};

/// Every case there is.
pub fn cases() -> Vec<Case> {
    let rooms =
        [calls::cases(), mail_and_web::cases(), remote_desktop::cases(), tickets::cases(), transactions::cases()];
    rooms.into_iter().flatten().collect()
}

/// A case in which the condition is met, by an attempt.
fn attempt(weapon: &'static str, name: &'static str, sign: &'static str, conversations: Vec<Conversation>) -> Case {
    Case { weapon, name, signs: vec![(sign, false)], conversations }
}

/// A legitimate neighbour.
fn neighbour(weapon: &'static str, name: &'static str, conversations: Vec<Conversation>) -> Case {
    Case { weapon, name, signs: Vec::new(), conversations }
}
