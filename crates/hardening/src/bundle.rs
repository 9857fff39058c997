//! Everything for one host in one archive: scripts, runbook in both languages, and a read-me for who carries it.

use crate::{Controls, Procedure};
use crate::{Options, Purpose, ScriptFile, base_name, file, runbook_html, runbook_pdf, scripts};
use model::{Host, HostExposure, HostPlan, Message};
use std::io::{Cursor, Write};
use words::Language;
use zip::{ZipWriter, write::SimpleFileOptions};

/// Why an archive could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the script bundle")]
pub struct BundleError(#[from] zip::result::ZipError);

impl From<std::io::Error> for BundleError {
    fn from(error: std::io::Error) -> Self {
        BundleError(error.into())
    }
}

/// The archive of a plan's files. The same plan gives the same bytes.
pub fn bundle_zip(
    host: &Host,
    exposure: &HostExposure,
    plan: &HostPlan,
    options: &Options,
) -> Result<Vec<u8>, BundleError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut sums = String::new();
    for file in files(host, exposure, plan, options) {
        sums.push_str(&format!("{}  {}\n", file.sha256, file.name));
        zip.start_file(&file.name, SimpleFileOptions::default())?;
        zip.write_all(&file.bytes)?;
    }
    zip.start_file("SHA256SUMS", SimpleFileOptions::default())?;
    zip.write_all(sums.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

fn files(host: &Host, exposure: &HostExposure, plan: &HostPlan, options: &Options) -> Vec<ScriptFile> {
    let procedure = Procedure::new(host, plan, Controls::builtin());
    let base = base_name(&procedure);
    let mut all = scripts(host, plan, options);
    all.push(file("README.txt".to_owned(), "text/plain", Purpose::ReadMe, read_me(&base, !all.is_empty())));
    for language in Language::ALL {
        let html = runbook_html(host, exposure, plan, language);
        all.push(file(format!("{base}-runbook.{language}.html"), "text/html", Purpose::Runbook, html));
        let pdf = runbook_pdf(host, exposure, plan, language);
        all.push(file(format!("{base}-runbook.{language}.pdf"), "application/pdf", Purpose::Runbook, pdf));
    }
    all
}

/// Both languages in one file: UTF-8 with a byte order mark, which the editor of every Windows since 2000 knows.
fn read_me(base: &str, scripts: bool) -> String {
    let mut out = String::from("\u{feff}");
    for language in [Language::ZhCn, Language::En] {
        let code = if scripts { "script.read-me" } else { "script.read-me-no-scripts" };
        out.push_str(&words::text(&Message::new(code).with("base", base), language));
        out.push_str("\n\n----\n\n");
    }
    crate::render::cmd::crlf(&out)
}
