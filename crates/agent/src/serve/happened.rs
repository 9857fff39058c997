//! What events of the machine a server is told of: those of kinds that orders ask for.

use super::tell::{cut, running};
use endpoint::telemetry::event::{
    Authentication, Class, Event, LogonDid, ModuleActivity, ModuleDid, NetworkActivity, NetworkDid, Process,
    ProcessActivity, ProcessDid, Protocol,
};
use policy::groups::Telemetry;
use policy::telling::{Activity, Connection, Happened, TEXT_BYTES_MAX, Transport};
use std::collections::BTreeSet;

/// What an event is told as; none for what is not asked for.
pub fn happened(event: &Event, wanted: &BTreeSet<Telemetry>) -> Option<Happened> {
    let processes = wanted.contains(&Telemetry::Processes);
    match &event.what {
        Class::ProcessActivity(activity) if processes => of_process(activity),
        Class::Authentication(activity) if processes => of_logon(activity),
        Class::ModuleActivity(activity) if processes => of_module(activity),
        Class::NetworkActivity(activity) if wanted.contains(&Telemetry::Network) => of_connection(activity),
        _ => None,
    }
}

fn of_process(of: &ProcessActivity) -> Option<Happened> {
    let activity = match of.activity {
        ProcessDid::Launch => Activity::Launched,
        ProcessDid::Inject { .. } => Activity::Injected,
        ProcessDid::SetUser { .. } => Activity::Became,
        // They run what is told already, and end sooner or later.
        ProcessDid::Fork | ProcessDid::Terminate { .. } => return None,
    };
    Some(by(Some(&of.process), activity))
}

fn of_connection(of: &NetworkActivity) -> Option<Happened> {
    let activity = match of.activity {
        NetworkDid::Open => Activity::Opened,
        NetworkDid::Listen => Activity::Listened,
        NetworkDid::Missed => Activity::Missed,
        NetworkDid::Close => return None,
    };
    let transport = match of.connection.protocol {
        Protocol::Tcp => Transport::Tcp,
        Protocol::Udp => Transport::Udp,
    };
    let connection = Connection { transport, local: of.connection.local, remote: of.connection.remote };
    let told = by(of.process.as_ref(), activity);
    let user = told.user.clone().or_else(|| Some(of.connection.user.to_string()));
    Some(Happened { connection: Some(connection), user, ..told })
}

fn of_logon(of: &Authentication) -> Option<Happened> {
    let activity = match of.activity {
        LogonDid::Logon => Activity::LoggedOn,
        LogonDid::Failed => Activity::LogonFailed,
        LogonDid::Logoff | LogonDid::Boot => return None,
    };
    let from = (!of.from.is_empty()).then(|| cut(of.from.clone(), TEXT_BYTES_MAX));
    Some(Happened { user: Some(cut(of.user.clone(), TEXT_BYTES_MAX)), from, ..by(of.process.as_ref(), activity) })
}

fn of_module(of: &ModuleActivity) -> Option<Happened> {
    let loaded = of.activity == ModuleDid::Load;
    loaded.then(|| Happened { module: Some(cut(of.name.clone(), TEXT_BYTES_MAX)), ..by(None, Activity::Loaded) })
}

fn by(process: Option<&Process>, activity: Activity) -> Happened {
    let runs = process.and_then(Process::running);
    let user =
        |user: &endpoint::telemetry::event::User| user.name.clone().unwrap_or_else(|| user.effective.to_string());
    Happened {
        activity,
        pid: process.and_then(|process| u32::try_from(process.pid).ok()),
        program: runs.map(running),
        user: runs.map(|runs| user(&runs.user)),
        ancestors: process
            .map(|process| process.ancestors.iter().map(|of| of.path.to_string()).collect())
            .unwrap_or_default(),
        connection: None,
        from: None,
        module: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use endpoint::telemetry::event::{Common, Details, LogonSource, Running, Text, User, VERSION};

    fn process() -> Process {
        let user = User { real: 0, effective: 33, group: 33, name: None };
        let running = Running { path: Text::from("/usr/bin/curl"), user, ..Running::default() };
        Process { pid: 7, began: 1, ancestors: Vec::new(), details: Details::Known(Common::new(running)) }
    }

    fn event(what: Class) -> Event {
        Event { version: VERSION, sequence: 1, time: 1, what }
    }

    #[test]
    fn what_orders_do_not_ask_for_is_not_told() {
        let launch =
            event(Class::ProcessActivity(ProcessActivity { activity: ProcessDid::Launch, process: process() }));
        let connection = endpoint::telemetry::event::Connection {
            protocol: Protocol::Tcp,
            local: "10.0.0.5:40001".parse().unwrap(),
            remote: "10.0.0.9:443".parse().unwrap(),
            user: 33,
        };
        let open =
            event(Class::NetworkActivity(NetworkActivity { activity: NetworkDid::Open, connection, process: None }));
        let both = BTreeSet::from([Telemetry::Processes, Telemetry::Network]);
        let told = |event: &Event, wanted: &BTreeSet<Telemetry>| {
            happened(event, wanted).map(|told| (told.activity, told.user))
        };
        assert_eq!(told(&launch, &both), Some((Activity::Launched, Some("33".to_owned()))));
        assert_eq!(told(&open, &both), Some((Activity::Opened, Some("33".to_owned()))));
        assert_eq!(told(&launch, &BTreeSet::from([Telemetry::Network])), None);
        assert_eq!(told(&open, &BTreeSet::from([Telemetry::Processes])), None);
    }

    #[test]
    fn a_logon_is_told_with_its_user_and_ends_are_not_told() {
        let logon = |activity| Authentication {
            activity,
            user: "wang".to_owned(),
            terminal: "pts/0".to_owned(),
            from: "10.0.0.8".to_owned(),
            said_by: LogonSource::Wtmp,
            process: None,
        };
        let wanted = BTreeSet::from([Telemetry::Processes]);
        let told = happened(&event(Class::Authentication(logon(LogonDid::Failed))), &wanted).unwrap();
        assert_eq!((told.activity, told.user.as_deref()), (Activity::LogonFailed, Some("wang")));
        assert_eq!(happened(&event(Class::Authentication(logon(LogonDid::Logoff))), &wanted), None);
        let end =
            ProcessActivity { activity: ProcessDid::Terminate { code: Some(0), signal: None }, process: process() };
        assert_eq!(happened(&event(Class::ProcessActivity(end)), &wanted), None);
    }
}
