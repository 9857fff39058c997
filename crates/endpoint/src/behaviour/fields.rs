//! Events with the names that rules of Sigma have for Linux.

use crate::telemetry::event::{
    Class, Event, FileDid, LogonDid, ModuleDid, NetworkDid, Process, ProcessDid, Protocol, Running,
};
use rsigma_eval::event::EventValue;
use rsigma_parser::LogSource;
use serde_json::Value;
use std::borrow::Cow;

/// The fields of an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Vec<(&'static str, String)>);

/// The categories of Sigma that events are of, and what they are called there.
pub const CATEGORIES: &[&str] =
    &["process_creation", "network_connection", "file_event", "file_delete", "file_access", "driver_load"];
/// The service of Sigma that logons are of.
pub const SERVICE: &str = "auth";

/// An event of a kind that rules can be written for.
pub fn fields(event: &Event) -> Option<(LogSource, Fields)> {
    let mut fields = Fields::default();
    let source = match &event.what {
        Class::ProcessActivity(it) if it.activity == ProcessDid::Launch => {
            fields.process(Some(&it.process));
            category("process_creation")
        }
        Class::NetworkActivity(it) if matches!(it.activity, NetworkDid::Open | NetworkDid::Missed) => {
            fields.process(it.process.as_ref());
            fields.add("DestinationIp", it.connection.remote.ip());
            fields.add("DestinationPort", it.connection.remote.port());
            fields.add("SourceIp", it.connection.local.ip());
            fields.add("SourcePort", it.connection.local.port());
            let protocol = if it.connection.protocol == Protocol::Tcp { "tcp" } else { "udp" };
            fields.add("Protocol", protocol);
            fields.add("Initiated", true);
            category("network_connection")
        }
        Class::FileSystemActivity(it) => {
            fields.process(it.process.as_ref());
            fields.add("TargetFilename", &it.path);
            match it.activity {
                FileDid::Create | FileDid::Update | FileDid::RenameTo => category("file_event"),
                FileDid::Delete | FileDid::RenameFrom => category("file_delete"),
                FileDid::Open => category("file_access"),
                FileDid::SetAttributes => return None,
            }
        }
        Class::ModuleActivity(it) if it.activity == ModuleDid::Load => {
            fields.add("ImageLoaded", &it.name);
            fields.add("Taints", &it.taints);
            category("driver_load")
        }
        Class::Authentication(it) => {
            fields.add("User", &it.user);
            fields.add("SourceIp", &it.from);
            fields.add("Outcome", if it.activity == LogonDid::Failed { "failure" } else { "success" });
            LogSource { service: Some(SERVICE.to_owned()), ..linux() }
        }
        _ => return None,
    };
    Some((source, fields))
}

fn linux() -> LogSource {
    let product = Some("linux".to_owned());
    LogSource { category: None, product, service: None, definition: None, custom: Default::default() }
}

fn category(name: &str) -> LogSource {
    LogSource { category: Some(name.to_owned()), ..linux() }
}

impl Fields {
    /// Fields as they are given, for whoever tries rules.
    pub fn of(fields: impl IntoIterator<Item = (&'static str, String)>) -> Fields {
        Fields(fields.into_iter().collect())
    }

    fn add(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }

    fn process(&mut self, process: Option<&Process>) {
        let Some(process) = process else { return };
        self.add("ProcessId", process.pid);
        if let Some(parent) = process.ancestors.first() {
            self.add("ParentProcessId", parent.pid);
            self.add("ParentImage", &parent.path);
            self.add("ParentCommandLine", &parent.line);
        }
        if let Some(running) = process.running() {
            self.running(running);
        }
    }

    fn running(&mut self, running: &Running) {
        self.add("Image", &running.path);
        self.add("CommandLine", running.arguments.join(" "));
        self.add("CurrentDirectory", &running.folder);
        let name = running.user.name.clone();
        self.add("User", name.unwrap_or_else(|| running.user.real.to_string()));
        if let Some(login) = running.login {
            self.add("LogonId", login);
        }
        if let Some(sha256) = &running.file.sha256 {
            self.add("Hashes", format!("SHA256={}", sha256.to_uppercase()));
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl rsigma_eval::event::Event for Fields {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.get(path).map(|value| EventValue::Str(Cow::Borrowed(value)))
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.0.iter().any(|(_, value)| pred(value))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        self.0.iter().map(|(_, value)| Cow::Borrowed(value.as_str())).collect()
    }

    fn to_json(&self) -> Value {
        self.0.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
    }

    fn top_level_keys(&self) -> Option<Vec<Cow<'_, str>>> {
        Some(self.0.iter().map(|(name, _)| Cow::Borrowed(*name)).collect())
    }
}
