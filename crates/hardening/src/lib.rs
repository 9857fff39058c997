//! Renders controls and plans as scripts that set, read back and undo, as a printable runbook, and reads their results.
//!
//! A [`Procedure`] is a plan bound to the system of its host: every step with its operations, as data. Scripts,
//! registry files and the runbook are renderings of it; none of them knows more than it does.

mod bundle;
mod commands;
mod control;
mod procedure;
mod render;
mod result;
mod runbook;
mod system;
mod text;

pub use bundle::{BundleError, bundle_zip};
pub use commands::{Phase, commands};
pub use control::{Control, ControlError, Controls, Needs, Operation, Systems, Tool, ValueKind, Variant};
pub use procedure::{Body, Item, Part, Procedure, serves};
pub use result::{Contradiction, Mode, ResultError, ScriptResult, StepResult, StepState, Verdict, read_result};
pub use runbook::{runbook_html, runbook_pdf};
pub use system::{Nt, System};

use model::{Host, HostPlan, KbId};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a caller knows beyond the plan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// SHA-256 (hexadecimal) of the package that was checked for each update.
    pub packages: BTreeMap<KbId, String>,
}

/// A file to take to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptFile {
    pub name: String,
    pub media_type: &'static str,
    pub purpose: Purpose,
    pub sha256: String,
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Sets, verifies, undoes, by its argument.
    Harden,
    /// The same in PowerShell, for Windows 7 and later.
    PowerShell,
    Verify,
    Undo,
    /// Registry values only.
    Registry,
    RegistryUndo,
    ReadMe,
    Runbook,
}

/// The scripts that carry out a plan on its host; none when nothing in the plan can be scripted.
pub fn scripts(host: &Host, plan: &HostPlan, options: &Options) -> Vec<ScriptFile> {
    let procedure = Procedure::new(host, plan, Controls::builtin());
    if procedure.scripted().next().is_none() {
        return Vec::new();
    }
    let base = base_name(&procedure);
    let batch = "application/x-bat";
    let mut files = vec![
        file(format!("{base}.cmd"), batch, Purpose::Harden, render::cmd::script(&procedure, &base, options)),
        file(format!("{base}-verify.cmd"), batch, Purpose::Verify, render::cmd::wrapper(&procedure, &base, "verify")),
        file(format!("{base}-undo.cmd"), batch, Purpose::Undo, render::cmd::wrapper(&procedure, &base, "undo")),
    ];
    if let Some(text) = render::powershell::script(&procedure, &base) {
        files.push(file(format!("{base}.ps1"), "text/plain", Purpose::PowerShell, text));
    }
    let registry = [
        ("set", Purpose::Registry, render::registry::set_file(&procedure)),
        ("undo", Purpose::RegistryUndo, render::registry::undo_file(&procedure)),
    ];
    for (what, purpose, text) in registry {
        files.extend(text.map(|text| file(format!("{base}-{what}.reg"), "text/plain", purpose, text)));
    }
    files
}

/// A plan's id in the letters of a file name, as scripts and result files name it.
pub fn plan_slug(plan: &model::PlanId) -> String {
    text::slug(plan.as_str())
}

pub(crate) fn base_name(procedure: &Procedure) -> String {
    format!("redoubt-{}-{}", procedure.plan, render::cmd::file_host(procedure))
}

fn file(name: String, media_type: &'static str, purpose: Purpose, text: impl Into<Vec<u8>>) -> ScriptFile {
    let bytes = text.into();
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    ScriptFile { name, media_type, purpose, sha256, bytes }
}
