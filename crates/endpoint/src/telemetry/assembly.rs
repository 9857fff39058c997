//! Events made of what the sources say: who did it, where that comes from, what it runs. It asks nobody but [`Vouch`], so
//! that the same signals make the same events.

use super::event::{
    Ancestor, Authentication, Class, Common, Counts, Details, Event, FileDid, FileSystemActivity, LogonDid,
    LogonSource, ModuleActivity, NetworkActivity, Process, ProcessActivity, ProcessDid, Report, Running, Source,
    SourceReport, SourceState, Text, User, VERSION,
};
use super::facts::Facts;
use super::kin::{Kin, Member};
use super::publisher::Vouch;
use crate::kernel::notice::{Gaps, Notice, What};
use std::collections::BTreeMap;

/// Ancestors that an event names.
pub const ANCESTORS_MAX: usize = 8;
/// Bytes of the command line of an ancestor.
pub const LINE_BYTES_MAX: usize = 512;

/// What a source says, in the order it happened for that source.
#[derive(Debug, Clone)]
pub enum Signal {
    /// A process that was there already.
    Present {
        number: i32,
        facts: Box<Facts>,
    },
    /// These are all processes: whoever is not among them is gone.
    Alive(Vec<i32>),
    /// A message of the kernel, at a time; with what was seen of a process that began, unless it was gone.
    Process {
        time: u64,
        notice: Notice,
        facts: Option<Box<Facts>>,
    },
    /// A connection, and whose it is.
    Network {
        time: u64,
        activity: NetworkActivity,
        owner: Option<i32>,
    },
    File {
        time: u64,
        did: FileDid,
        path: String,
        by: i32,
    },
    Module {
        time: u64,
        activity: ModuleActivity,
    },
    Logon {
        time: u64,
        logon: Authentication,
    },
    /// Seen by a source, and no event.
    LeftOut {
        source: Source,
        count: u64,
    },
    /// Not seen by a source; a count of none where it does not know how many.
    Lost {
        source: Source,
        count: Option<u64>,
    },
    State {
        source: Source,
        state: SourceState,
    },
    /// A report is due.
    Report {
        time: u64,
    },
    /// Nothing more comes.
    End {
        time: u64,
    },
}

/// Programs that let people in: whoever they become logged on.
const DOORS: &[&str] = &["sshd", "sshd-session", "login", "gdm-session-worker", "sddm-helper", "lightdm", "vsftpd"];

#[derive(Debug, Default)]
pub struct Assembly<V> {
    vouch: V,
    kin: Kin,
    gaps: Gaps,
    sequence: u64,
    sources: BTreeMap<Source, (SourceState, Counts)>,
}

impl<V: Vouch> Assembly<V> {
    pub fn new(vouch: V) -> Assembly<V> {
        let sources = Source::ALL.map(|source| (source, Default::default())).into();
        Assembly { vouch, kin: Kin::default(), gaps: Gaps::default(), sequence: 0, sources }
    }

    /// Takes in what a source says, and tells what it means.
    pub fn take(&mut self, signal: Signal, tell: &mut dyn FnMut(Event)) {
        match signal {
            Signal::Present { number, facts } => self.present(number, *facts),
            Signal::Alive(numbers) => self.kin.only(&numbers),
            Signal::Process { time, notice, facts } => self.notice(time, &notice, facts, tell),
            Signal::Network { time, mut activity, owner } => {
                activity.process = owner.map(|number| self.process(number));
                self.kept(Source::Connections, activity.process.as_ref());
                self.tell(time, Class::NetworkActivity(activity), tell);
            }
            Signal::File { time, did, path, by } => {
                let process = (by > 0).then(|| self.process(by));
                self.kept(Source::Files, process.as_ref());
                let activity = FileSystemActivity { activity: did, path, process };
                self.tell(time, Class::FileSystemActivity(activity), tell);
            }
            Signal::Module { time, activity } => {
                self.kept(Source::Modules, None);
                self.tell(time, Class::ModuleActivity(activity), tell);
            }
            Signal::Logon { time, logon } => {
                self.kept(Source::Logons, None);
                self.tell(time, Class::Authentication(logon), tell);
            }
            Signal::LeftOut { source, count } => {
                let counts = self.counts(source);
                counts.seen += count;
                counts.left_out += count;
            }
            Signal::Lost { source, count: Some(count) } => self.counts(source).lost += count,
            Signal::Lost { source, count: None } => self.counts(source).gaps += 1,
            Signal::State { source, state } => self.sources.entry(source).or_default().0 = state,
            Signal::Report { time } | Signal::End { time } => {
                let report = self.report();
                self.tell(time, Class::TelemetryReport(report), tell);
            }
        }
    }

    /// How well the sources are heard so far.
    pub fn report(&self) -> Report {
        let report = |(source, (state, counts)): (&Source, &(SourceState, Counts))| SourceReport {
            source: *source,
            state: state.clone(),
            counts: *counts,
        };
        Report { sources: self.sources.iter().map(report).collect() }
    }

    fn notice(&mut self, time: u64, notice: &Notice, facts: Option<Box<Facts>>, tell: &mut dyn FnMut(Event)) {
        let missing = self.gaps.before(notice);
        let counts = self.counts(Source::Processes);
        counts.lost += missing;
        let (number, did) = match notice.what {
            What::Forked { parent, child } => {
                self.kin.forked(parent, child, time);
                (child, ProcessDid::Fork)
            }
            What::Began { process } => {
                let running = facts.map(|facts| (self.running(process, &facts), facts.parent, facts.began));
                self.kin.began(process, running);
                (process, ProcessDid::Launch)
            }
            What::Ended { process, status } => (process, ended(status)),
            What::User { process, real, effective } => (process, ProcessDid::SetUser { real, effective }),
            What::Traced { process, tracer } if tracer > 0 => (process, ProcessDid::Inject { by: tracer }),
            What::Traced { .. } | What::Thread { .. } | What::Other => {
                counts.seen += 1;
                counts.left_out += 1;
                return;
            }
        };
        let process = self.process(number);
        self.kept(Source::Processes, Some(&process));
        if let What::User { real, effective, .. } = notice.what {
            self.let_in(time, real, &process, tell);
            if let Details::Known(running) = &process.details {
                let user = User { real, effective, name: self.vouch.user(real), group: running.user.group };
                self.kin.becomes(number, user);
            }
        }
        if let What::Ended { .. } = notice.what {
            self.kin.ended(number);
        }
        self.tell(time, Class::ProcessActivity(ProcessActivity { activity: did, process }), tell);
    }

    /// A program that lets people in becomes one of them.
    fn let_in(&mut self, time: u64, user: u32, process: &Process, tell: &mut dyn FnMut(Event)) {
        let Details::Known(running) = &process.details else { return };
        let name = running.path.rsplit('/').next().unwrap_or_default();
        if user == 0 || running.user.real == user || !DOORS.contains(&name) {
            return;
        }
        let logon = Authentication {
            activity: LogonDid::Logon,
            user: self.vouch.user(user).unwrap_or_else(|| user.to_string()),
            terminal: String::new(),
            from: String::new(),
            said_by: LogonSource::Process,
            process: Some(process.clone()),
        };
        self.kept(Source::Logons, None);
        self.tell(time, Class::Authentication(logon), tell);
    }

    fn present(&mut self, number: i32, facts: Facts) {
        let running = self.running(number, &facts);
        self.kin.present(number, facts.parent, facts.began, running);
    }

    fn running(&mut self, number: i32, facts: &Facts) -> Common<Running> {
        let (path, file) = match &facts.program {
            Some(program) => (Text::from(&program.path.to_string_lossy()), self.vouch.vouch(number, program)),
            None => Default::default(),
        };
        let name = self.vouch.user(facts.real);
        Common::new(Running {
            path,
            arguments: facts.arguments.clone(),
            arguments_cut: facts.arguments_cut,
            folder: facts.folder.clone(),
            user: User { real: facts.real, effective: facts.effective, group: facts.group, name },
            login: facts.login,
            session: facts.session,
            file,
        })
    }

    /// A process as it is known.
    fn process(&self, number: i32) -> Process {
        let Some(member) = self.kin.get(number) else {
            return Process { pid: number, began: 0, ancestors: Vec::new(), details: Details::Gone };
        };
        let ancestors = self.kin.above(member, ANCESTORS_MAX).map(|(number, member)| Ancestor {
            pid: number,
            began: member.began,
            path: member.running.as_ref().map(|running| running.path.clone()).unwrap_or_default(),
            line: member.line.clone(),
        });
        let details = member.running.clone().map_or(Details::Gone, Details::Known);
        Process { pid: number, began: member.began, ancestors: ancestors.collect(), details }
    }

    fn counts(&mut self, source: Source) -> &mut Counts {
        &mut self.sources.entry(source).or_default().1
    }

    fn kept(&mut self, source: Source, process: Option<&Process>) {
        let counts = self.counts(source);
        counts.seen += 1;
        counts.kept += 1;
        counts.thin += u64::from(process.is_some_and(|process| process.details == Details::Gone));
    }

    fn tell(&mut self, time: u64, what: Class, tell: &mut dyn FnMut(Event)) {
        self.sequence += 1;
        tell(Event { version: VERSION, sequence: self.sequence, time, what });
    }
}

/// The status of `wait`: the signal in the lower seven bits, or the code in the eight above them.
fn ended(status: u32) -> ProcessDid {
    let part = |bits: u32| i32::try_from(bits).ok();
    match status & 0x7f {
        0 => ProcessDid::Terminate { code: part(status >> 8 & 0xff), signal: None },
        signal => ProcessDid::Terminate { code: None, signal: part(signal) },
    }
}

/// The command line of one who may become an ancestor.
pub(super) fn line(running: &Running) -> Text {
    let mut line = String::new();
    for argument in &running.arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(argument);
        if line.len() > LINE_BYTES_MAX {
            line.truncate(line.floor_char_boundary(LINE_BYTES_MAX));
            break;
        }
    }
    Text::from(&line)
}

impl Member {
    pub(super) fn runs(&mut self, running: Option<Common<Running>>) {
        self.line = running.as_ref().map(|running| line(running)).unwrap_or_default();
        self.running = running;
    }
}

#[cfg(test)]
mod tests;
