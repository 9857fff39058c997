//! What endpoints tell, as rows of the lake: so that hunts and questions find what ran, spoke and logged on where.

use api::state::App;
use jiff::{SignedDuration, Timestamp};
use lake::{Batch, Refused, Table};
use model::HostId;
use policy::telling::{Alarm, Happened, InMemory, Program, Ran, Stopped, Told, What};
use policy::{EndpointId, Origin, Outcome};
use records::{ACTIVITIES, Activity};
use rules::forms;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A clock that is ahead of ours by more than this counts for nothing: rows of days to come would never be let go.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(48);
/// A host moves to another address now and then.
const PLACE_KEPT: Duration = Duration::from_mins(10);
const PLACES_MAX: usize = 200_000;

/// Puts what endpoints tell into the lake.
#[derive(Debug, Default)]
pub struct Activities {
    places: Mutex<HashMap<EndpointId, (Instant, Place)>>,
}

/// The host that an endpoint is, as far as that is known.
#[derive(Debug, Clone, Default)]
struct Place {
    host: Option<String>,
    address: Option<String>,
}

/// Why rows were not kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the lake did not take them: {0}")]
    Refused(#[from] Refused),
    #[error("the lake cannot be read: {0}")]
    Lake(#[from] lake::Error),
    #[error("the lake is not there, or rows are not as its columns say: {0}")]
    Failed(String),
}

impl Activities {
    /// Keeps what a batch tells, once however often it comes. When this returns it lasts.
    ///
    /// # Errors
    /// When it does not: the batch is to be sent again.
    pub async fn keep(
        &self,
        app: &App,
        source: &str,
        sequence: i64,
        id: &EndpointId,
        told: &[Told],
    ) -> Result<(), Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let (mut rows, mut place, now) = (records::Batch::new(&ACTIVITIES), None, app.now());
        for one in told {
            let Some(row) = row(one, now) else { continue };
            if place.is_none() {
                place = Some(self.place(app, id).await?);
            }
            let Place { host, address } = place.clone().unwrap_or_default();
            rows.push(&Activity { endpoint: id.0.clone(), host, address, ..row });
        }
        let Some(table) = Table::named(ACTIVITIES.name).filter(|_| !rows.is_empty()) else { return Ok(()) };
        let rows = rows.take().map_err(|error| failed(&error))?;
        let lake = app.lake.get().map_err(|problem| failed(&super::said(&problem)))?;
        let source = format!("activity/{source}");
        let append = move || {
            // Batches between that had nothing for the lake.
            let due = lake.mark(&source)?.map_or(sequence, |mark| mark + 1);
            if sequence > due {
                lake.skip(&source, sequence - 1)?;
            }
            match lake.append(Batch { table, source: source.clone(), sequence, rows }) {
                Ok(_) => Ok(()),
                Err(error @ (Refused::Full { .. } | Refused::Gap { .. } | Refused::Failed(_))) => Err(error.into()),
                // However often it came it would be refused: what else the batch says is kept all the same.
                Err(error) => {
                    tracing::error!(cause = %error, source, "what an endpoint told is not searched back for");
                    lake.skip(&source, sequence)?;
                    Ok(())
                }
            }
        };
        tokio::task::spawn_blocking(append).await.map_err(|error| failed(&error))?
    }

    async fn place(&self, app: &App, id: &EndpointId) -> Result<Place, store::Error> {
        let lock = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, place)) = lock().get(id)
            && at.elapsed() < PLACE_KEPT
        {
            return Ok(place.clone());
        }
        let host = app.store.endpoints().find(id).await?.and_then(|endpoint| endpoint.host);
        let address = match &host {
            Some(host) => match app.store.asset(&HostId(host.clone())).await {
                Ok(asset) => asset.address,
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let place = Place { host, address };
        let mut places = lock();
        if places.len() >= PLACES_MAX {
            places.clear();
        }
        // One whose inventory did not come yet is looked for again the next time.
        if place.host.is_some() {
            places.insert(id.clone(), (Instant::now(), place.clone()));
        }
        Ok(place)
    }
}

/// What was told as a row, of whichever endpoint; none for what says nothing of a program or the machine.
fn row(told: &Told, now: Timestamp) -> Option<Activity> {
    let row = match &told.what {
        What::Ran(ran) => of_run(ran),
        What::Stopped(stopped) => of_incident(stopped),
        What::Alarm(alarm) => of_alarm(alarm),
        What::Memory(found) => of_memory(found),
        What::Happened(happened) => of_happened(happened),
        What::Restored(_) | What::Checked(_) | What::Gap { .. } => return None,
    };
    let at = i64::try_from(told.at).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(now);
    let is_ahead = at.duration_since(now) > AHEAD_MAX;
    Some(Activity { time: if is_ahead { now } else { at }.as_microsecond(), ..row })
}

fn of_run(ran: &Ran) -> Activity {
    let outcome = match ran.outcome {
        Outcome::Ran => "ran",
        Outcome::WouldBlock => "would_be_blocked",
        Outcome::Blocked => "blocked",
    };
    let (origin, package) = origin(Some(&ran.origin));
    Activity {
        did: "ran".to_owned(),
        outcome: Some(outcome.to_owned()),
        path: Some(ran.path.clone()),
        file_names: forms::file_name(&ran.path).into_iter().collect(),
        sha256: ran.sha256.map(|sum| sum.to_string()),
        origin,
        package,
        account: ran.user.map(|user| user.to_string()),
        ancestors: ran.parent.iter().cloned().collect(),
        rule: Some(ran.verdict.why.code.clone()),
        count: i64::try_from(ran.count).unwrap_or(i64::MAX),
        ..Activity::default()
    }
}

fn of_incident(stopped: &Stopped) -> Activity {
    Activity {
        did: "stopped".to_owned(),
        ancestors: paths(&stopped.ancestors),
        incident: Some(stopped.incident.clone()),
        count: 1,
        ..of_program(stopped.program.as_ref())
    }
}

fn of_alarm(alarm: &Alarm) -> Activity {
    Activity {
        did: "alarmed".to_owned(),
        rule: Some(alarm.rule.clone()),
        techniques: alarm.tags.iter().filter_map(|tag| technique(tag)).collect(),
        ancestors: paths(&alarm.ancestors),
        count: 1,
        ..of_program(alarm.program.as_ref())
    }
}

fn of_memory(found: &InMemory) -> Activity {
    Activity {
        did: "in_memory".to_owned(),
        pid: Some(found.process.into()),
        ancestors: paths(&found.ancestors),
        rule: found.reasons.first().map(|reason| reason.message.code.clone()),
        count: 1,
        ..of_program(Some(&found.program))
    }
}

fn of_happened(happened: &Happened) -> Activity {
    let (peer, of_program) = (happened.connection.map(|of| of.remote), of_program(happened.program.as_ref()));
    let from = happened.from.as_ref().filter(|from| from.parse::<std::net::IpAddr>().is_ok());
    Activity {
        did: happened.activity.label().to_owned(),
        path: of_program.path.or_else(|| happened.module.clone()),
        pid: happened.pid.map(i64::from),
        account: happened.user.clone(),
        accounts: happened.user.iter().filter_map(|user| forms::account(user)).collect(),
        ancestors: happened.ancestors.clone(),
        transport: happened.connection.map(|of| of.transport.label().to_owned()),
        port: happened.connection.map(|of| of.local.port()),
        // Of a port that is listened at there is no other end.
        peer: peer.filter(|peer| peer.port() != 0).map(|peer| peer.ip().to_string()).or_else(|| from.cloned()),
        peer_port: peer.map(|peer| peer.port()).filter(|port| *port != 0),
        count: 1,
        ..of_program
    }
}

fn of_program(program: Option<&Program>) -> Activity {
    let Some(program) = program else { return Activity::default() };
    let (origin, package) = origin(program.origin.as_ref());
    Activity {
        path: Some(program.path.clone()),
        file_names: forms::file_name(&program.path).into_iter().collect(),
        sha256: program.sha256.map(|sum| sum.to_string()),
        origin,
        package,
        command_line: program.command_line.clone(),
        ..Activity::default()
    }
}

/// Whose a file is, and the package or publisher.
fn origin(origin: Option<&Origin>) -> (Option<String>, Option<String>) {
    let (word, name) = match origin {
        None => return (None, None),
        Some(Origin::Package { name }) => ("package", Some(name)),
        Some(Origin::ChangedPackage { name }) => ("changed", Some(name)),
        Some(Origin::Publisher { name }) => ("publisher", Some(name)),
        Some(Origin::Nobody) => ("nobody", None),
    };
    (Some(word.to_owned()), name.cloned())
}

fn paths(programs: &[Program]) -> Vec<String> {
    programs.iter().map(|program| program.path.clone()).collect()
}

/// `T1059.004` of `attack.t1059.004`.
fn technique(tag: &str) -> Option<String> {
    let name = tag.strip_prefix("attack.")?;
    let digits = name.strip_prefix('t')?;
    digits.starts_with(|letter: char| letter.is_ascii_digit()).then(|| format!("T{digits}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use policy::telling::{Activity as What_, Connection, Level, Transport};

    fn told(at: u64, what: What) -> Told {
        Told { at, what }
    }

    fn did(activity: What_) -> Happened {
        Happened {
            activity,
            pid: Some(7),
            program: None,
            user: Some("Wang".to_owned()),
            ancestors: Vec::new(),
            connection: None,
            from: None,
            module: None,
        }
    }

    #[test]
    fn a_connection_is_a_row_that_names_its_other_end() {
        let connection = |remote: &str| Connection {
            transport: Transport::Tcp,
            local: "10.0.0.5:22".parse().unwrap(),
            remote: remote.parse().unwrap(),
        };
        let of = |activity, remote| {
            let did = Happened { connection: Some(connection(remote)), ..did(activity) };
            row(&told(5, What::Happened(Box::new(did))), Timestamp::UNIX_EPOCH).unwrap()
        };
        let open = of(What_::Opened, "203.0.113.9:443");
        assert_eq!((open.peer.as_deref(), open.peer_port, open.port), (Some("203.0.113.9"), Some(443), Some(22)));
        assert_eq!((open.accounts, open.time), (vec!["wang".to_owned()], 5_000_000));
        let listens = of(What_::Listened, "0.0.0.0:0");
        assert_eq!((listens.peer, listens.peer_port), (None, None));
    }

    #[test]
    fn what_a_module_is_called_and_whence_somebody_logs_on_is_there() {
        let of = |did| row(&told(5, What::Happened(Box::new(did))), Timestamp::UNIX_EPOCH).unwrap();
        let module = of(Happened { module: Some("overlay".to_owned()), ..did(What_::Loaded) });
        assert_eq!((module.did.as_str(), module.path.as_deref()), ("loaded", Some("overlay")));
        let logon = |from: &str| of(Happened { from: Some(from.to_owned()), ..did(What_::LogonFailed) }).peer;
        assert_eq!((logon("203.0.113.9").as_deref(), logon("tty1")), (Some("203.0.113.9"), None));
    }

    #[test]
    fn a_clock_far_ahead_makes_no_rows_of_days_to_come() {
        let alarm = Alarm {
            rule: "shell-of-a-service".to_owned(),
            message: model::Message::new("x"),
            level: Level::High,
            tags: vec!["attack.t1059.004".to_owned(), "attack.execution".to_owned(), "attack.tactic".to_owned()],
            program: None,
            ancestors: Vec::new(),
        };
        let now = Timestamp::from_second(1_494_547_200).unwrap();
        let row = |at| row(&told(at, What::Alarm(Box::new(alarm.clone()))), now).unwrap();
        assert_eq!(row(u64::MAX).time, now.as_microsecond());
        assert_eq!(row(4_000_000_000).time, now.as_microsecond());
        assert_eq!(row(1_494_547_260).time, now.as_microsecond() + 60_000_000);
        assert_eq!(row(1).techniques, ["T1059.004"]);
    }
}
