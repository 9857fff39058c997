//! The runbook of a plan: what a person takes to the machine. One document, printed as HTML and as PDF.

mod document;
mod html;
mod pdf;

use crate::{Controls, Procedure};
use document::Block;
use model::{Host, HostExposure, HostPlan};
use words::Language;

/// The runbook as one HTML file: own style, no script, nothing from elsewhere.
pub fn runbook_html(host: &Host, exposure: &HostExposure, plan: &HostPlan, language: Language) -> String {
    html::render(&blocks(host, exposure, plan, language), &title(host, language), language)
}

/// The runbook as PDF. The Chinese font is the one every reader brings, so the file stays small.
pub fn runbook_pdf(host: &Host, exposure: &HostExposure, plan: &HostPlan, language: Language) -> Vec<u8> {
    pdf::render(&blocks(host, exposure, plan, language), &title(host, language))
}

fn title(host: &Host, language: Language) -> String {
    words::text(&model::Message::new("runbook.title").with("host", host.label()), language)
}

fn blocks(host: &Host, exposure: &HostExposure, plan: &HostPlan, language: Language) -> Vec<Block> {
    let procedure = Procedure::new(host, plan, Controls::builtin());
    document::Writer { host, exposure, plan, procedure: &procedure, language }.write()
}
