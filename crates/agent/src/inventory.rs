//! `redoubt-agent inventory` and `changes`: what a machine is, and what became different on it.

use crate::args;
use crate::voice;
use endpoint::inventory::{RpmList, Settings, collect};
use inventory::linux::{
    Account, Certificate, DOCUMENT_BYTES_MAX, Document, Password, UnitState, Weakness, changes, read,
};
use jiff::Timestamp;
use model::Message;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use words::Language;

/// A list of packages that somebody brings.
const LIST_BYTES_MAX: usize = 64 << 20;

pub fn tell(task: &args::Inventory, language: Language) -> ExitCode {
    finish(inventory(task, language), language)
}

pub fn compare(task: &args::Changes, language: Language) -> ExitCode {
    finish(differences(task, language), language)
}

fn finish(done: Result<(), Message>, language: Language) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice::failed(&why, language),
    }
}

fn inventory(task: &args::Inventory, language: Language) -> Result<(), Message> {
    let rpm_list = match &task.rpm_list {
        Some(path) => Some(RpmList {
            path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            bytes: file(path, LIST_BYTES_MAX)?,
        }),
        None => None,
    };
    let within = Duration::from_secs(task.within);
    let settings = Settings { rpm_list, within, ..Settings::new(task.root.clone()) };
    let now = Timestamp::now();
    let document = collect(&settings, now).map_err(|error| cannot(&task.root, &error))?;
    if task.json {
        return print(serde_json::to_string_pretty(&document).map(|text| vec![text]).unwrap_or_default());
    }
    print(summary(&document, now).iter().map(|message| voice::sentence(message, language)).collect())
}

fn differences(task: &args::Changes, language: Language) -> Result<(), Message> {
    let document = |path: &Path| {
        let bytes = file(path, DOCUMENT_BYTES_MAX)?;
        read(&bytes).map_err(|why| Message::new("linux.gap").with("path", path.display()).reason("why", why))
    };
    let found = changes(&document(&task.before)?, &document(&task.after)?);
    if task.json {
        return print(found.iter().filter_map(|change| serde_json::to_string(change).ok()).collect());
    }
    if found.is_empty() {
        return print(vec![words::word("linux.no-changes", language)]);
    }
    print(found.iter().map(|change| voice::sentence(&change.message(), language)).collect())
}

fn file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Message> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| cannot(path, &error))?;
    if bytes.len() > bytes_max {
        let limit = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        let why = Message::new("linux.too-large").number("limit", limit);
        return Err(Message::new("linux.gap").with("path", path.display()).reason("why", why));
    }
    Ok(bytes)
}

pub fn cannot(path: &Path, error: &io::Error) -> Message {
    Message::new("linux.cannot-collect").with("path", path.display()).reason("cause", error)
}

fn print(lines: Vec<String>) -> Result<(), Message> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot(Path::new("stdout"), &error)),
        _ => Ok(()),
    }
}

/// What a person wants to know first, with what is wrong by itself: open accounts, second administrators, certificates that
/// are weak or over.
fn summary(document: &Document, now: Timestamp) -> Vec<Message> {
    let mut told = vec![system(document)];
    if !document.offline {
        told.push(hardware(document));
    }
    told.extend(document.packages.iter().map(|packages| counted("linux.is-packages", packages.len())));
    told.extend(document.units.iter().map(|units| {
        let message = counted("linux.is-units", units.len());
        let enabled = units.iter().filter(|unit| unit.state == UnitState::Enabled).count();
        let running = units.iter().filter(|unit| unit.running == Some(true)).count();
        // Where nobody says of any whether it runs, none is not the answer.
        let told = units.iter().any(|unit| unit.running.is_some());
        let running = if told { running.to_string() } else { "?".to_owned() };
        message.number("enabled", number(enabled)).with("running", running)
    }));
    told.extend(document.listening.iter().flatten().map(|listener| {
        let port = model::Port { transport: listener.transport, number: listener.port };
        let process = listener.unit.as_deref().or(listener.process.as_deref()).unwrap_or("?");
        Message::new("linux.is-port").with("port", port).with("address", listener.address).with("process", process)
    }));
    told.extend(document.accounts.iter().flat_map(|accounts| of_accounts(accounts)));
    let powerful = document.groups.iter().flatten().filter(|group| !group.members.is_empty());
    told.extend(
        powerful
            .map(|group| Message::new("linux.is-powerful").with("group", &group.name).list("members", &group.members)),
    );
    told.extend(document.certificates.iter().flatten().flat_map(|certificate| of_certificate(certificate, now)));
    told.extend(document.containers.iter().filter(|containers| !containers.is_empty()).map(|containers| {
        let running = containers.iter().filter(|container| container.running == Some(true)).count();
        counted("linux.is-containers", containers.len()).number("running", number(running))
    }));
    told.extend(document.gaps.iter().map(|gap| {
        let gap_at = |line| Message::new("linux.gap-line").number("line", i64::try_from(line).unwrap_or(i64::MAX));
        let found = gap.line.map_or_else(|| Message::new("linux.gap"), gap_at);
        let why = found.with("path", &gap.path).reason("why", gap.message.clone());
        Message::new("linux.is-gap").reason("gap", why)
    }));
    told
}

fn system(document: &Document) -> Message {
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let kernel = &document.kernel;
    let release = kernel.running.clone().or_else(|| kernel.installed.last().cloned());
    Message::new("linux.is-system")
        .with("name", or_unknown(&document.name))
        .with("system", or_unknown(&document.os.pretty_name.clone().or_else(|| document.os.name.clone())))
        .with("kernel", or_unknown(&release))
        .with("architecture", or_unknown(&kernel.architecture))
}

fn hardware(document: &Document) -> Message {
    let hardware = &document.hardware;
    let memory = hardware.memory_kib.and_then(|kib| i64::try_from(kib / 1024).ok()).unwrap_or(0);
    Message::new("linux.is-hardware")
        .with("vendor", hardware.vendor.as_deref().unwrap_or("?"))
        .with("product", hardware.product.as_deref().or(hardware.processor.as_deref()).unwrap_or("?"))
        .number("processors", hardware.processors.unwrap_or(0))
        .number("memory", memory)
}

fn of_accounts(accounts: &[Account]) -> Vec<Message> {
    let login = accounts.iter().filter(|account| account.login).count();
    let password = accounts.iter().filter(|account| account.password == Password::Set).count();
    let mut told = vec![
        counted("linux.is-accounts", accounts.len())
            .number("login", number(login))
            .number("password", number(password)),
    ];
    let open = accounts.iter().filter(|account| account.password == Password::Empty && account.login);
    told.extend(open.map(|account| Message::new("linux.is-open-account").with("name", &account.name)));
    let administrators = accounts.iter().filter(|account| account.user_id == 0 && account.name != "root");
    told.extend(administrators.map(|account| Message::new("linux.is-administrator").with("name", &account.name)));
    told
}

fn of_certificate(certificate: &Certificate, now: Timestamp) -> Vec<Message> {
    let until = certificate.not_after.map_or_else(|| "?".to_owned(), |until| until.strftime("%Y-%m-%d").to_string());
    let said = |code: &str| Message::new(code).with("subject", &certificate.subject).with("path", &certificate.path);
    let expired = certificate.not_after.is_some_and(|until| until < now);
    let code = if expired { "linux.is-certificate-expired" } else { "linux.is-certificate" };
    let mut told = vec![said(code).with("until", until)];
    told.extend(certificate.weak.iter().map(|weakness| {
        match weakness {
            Weakness::Digest => said("linux.is-certificate-weak-digest").with("signature", &certificate.signature),
            Weakness::Key => said("linux.is-certificate-weak-key")
                .with("key", &certificate.key)
                .number("bits", certificate.key_bits.unwrap_or(0)),
        }
    }));
    told
}

fn counted(code: &str, count: usize) -> Message {
    Message::new(code).number("count", number(count))
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
